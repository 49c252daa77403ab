use strict;
use warnings;
use HTTP::Tiny;

my $agent = HTTP::Tiny->new(timeout => 20, verify_SSL => 1);
for my $address (@ARGV) {
    my $answer = $agent->get($address);
    die "$answer->{status} $answer->{reason} $answer->{content}\n" unless $answer->{success};
    print $answer->{content}, "\n";
}
