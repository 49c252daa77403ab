<?php
// A customer's receiver as many are: it stores what it gets in a table whose columns are too narrow, as often as it gets it.
function fail(int $status, string $why): never
{
    http_response_code($status);
    exit($why);
}

$text = $_GET['text'] ?? '';
if (preg_match('/[\x{10000}-\x{10FFFF}]/u', $text)) {
    fail(500, "Incorrect string value for column 'text'"); // MySQL's utf8, which has three bytes at most
}
if (mb_strlen($text) > 160) {
    fail(500, "Data too long for column 'text'");
}
if (time() - (new DateTime($_GET['date'], new DateTimeZone('Europe/Warsaw')))->getTimestamp() > 600) {
    fail(403, 'too old');
}
if ($_SERVER['REQUEST_METHOD'] !== 'POST') { // an MMS comes by POST, and is not in $_GET
    file_put_contents(getenv('RECEIVER_MESSAGES'), $_GET['id'] . "\n", FILE_APPEND | LOCK_EX);
}
header('Content-Type: text/plain');
echo 'OK';
