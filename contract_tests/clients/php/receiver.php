<?php
// A customer's receiver, as SerwerSMS wants it: it notes what it received and answers OK, but not the first times.
$notes = getenv('RECEIVER_NOTES');
$count = is_file($notes) ? count(file($notes)) : 0;
file_put_contents($notes, $_SERVER['REQUEST_METHOD'] . ' ' . $_GET['tekst'] . "\n", FILE_APPEND);
header('Content-Type: text/plain');
echo $count < (int) getenv('RECEIVER_FAILURES') ? 'later' : 'OK';
