<?php
// Sends an SMS: send_by_curl.php TO MESSAGE.
[, $to, $message] = $argv;
$call = ['action' => 'sms.send_message', 'access_key' => 'foo', 'secret_access_key' => 'bar', 'from' => '5554332111'];

$handle = curl_init('https://secure.dialogtech.com/ibp_api.php');
curl_setopt($handle, CURLOPT_POSTFIELDS, ['to' => $to, 'message' => $message] + $call);
curl_setopt($handle, CURLOPT_RETURNTRANSFER, true);
$answer = curl_exec($handle);
if ($answer === false) {
    fwrite(STDERR, curl_errno($handle) . ' ' . curl_error($handle) . "\n");
    exit(1);
}
echo $answer, "\n";
