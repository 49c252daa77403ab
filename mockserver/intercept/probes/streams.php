<?php
foreach (array_slice($argv, 1) as $address) {
    // With a context of its own, as every POST has: PHP's default context must not be needed for the proxy.
    $response = file_get_contents($address, false, stream_context_create(['http' => ['method' => 'GET', 'timeout' => 20]]));
    if ($response === false) {
        exit(1);
    }
    echo $response, "\n";
}
