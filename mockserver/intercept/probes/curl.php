<?php
foreach (array_slice($argv, 1) as $address) {
    $handle = curl_init($address);
    curl_setopt($handle, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($handle, CURLOPT_TIMEOUT, 20);
    $response = curl_exec($handle);
    if ($response === false) {
        fwrite(STDERR, curl_error($handle) . "\n");
        exit(1);
    }
    echo $response, "\n";
}
