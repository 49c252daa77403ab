<?php
foreach (array_slice($argv, 1) as $address) {
    // A program that gives a context of its own, as every POST does, asks PHP for no default one.
    $answer = file_get_contents($address, false, stream_context_create(['http' => ['method' => 'GET', 'timeout' => 20]]));
    if ($answer === false) {
        exit(1);
    }
    echo $answer, "\n";
}
