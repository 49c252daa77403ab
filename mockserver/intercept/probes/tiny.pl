use strict;
use warnings;
use HTTP::Tiny;

my $agent = HTTP::Tiny->new(timeout => 20, verify_SSL => 1);
for my $address (@ARGV) {
    my $response = $agent->get($address);
    die "$response->{status} $response->{reason} $response->{content}\n" unless $response->{success};
    print $response->{content}, "\n";
}
