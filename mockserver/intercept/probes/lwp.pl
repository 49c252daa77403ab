use strict;
use warnings;
use LWP::UserAgent;

my $agent = LWP::UserAgent->new(timeout => 20);
for my $address (@ARGV) {
    my $answer = $agent->get($address);
    die $answer->status_line, "\n" unless $answer->is_success;
    print $answer->decoded_content, "\n";
}
