# Sends an SMS: send_by_lwp.pl TO MESSAGE.
use strict;
use warnings;
use LWP::UserAgent;

my ($to, $message) = @ARGV;
my $answer = LWP::UserAgent->new->post(
    'https://secure.dialogtech.com/ibp_api.php',
    {
        action            => 'sms.send_message',
        access_key        => 'foo',
        secret_access_key => 'bar',
        from              => '5554332111',
        to                => $to,
        message           => $message,
    }
);
die $answer->status_line, "\n" unless $answer->is_success;
print $answer->decoded_content, "\n";
