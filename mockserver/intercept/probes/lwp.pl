use strict;
use warnings;
use LWP::UserAgent;

my $agent = LWP::UserAgent->new(timeout => 20);
for my $address (@ARGV) {
    my $response = $agent->get($address);
    die $response->status_line, "\n" unless $response->is_success;
    print $response->decoded_content, "\n";
}
