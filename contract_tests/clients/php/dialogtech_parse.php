<?php
// Reads each file that is named, with SimpleXML and with DOMDocument, and prints what they made of it as JSON.

libxml_use_internal_errors(true);

function complaints(): array
{
    $messages = array_map(fn ($error) => trim($error->message), libxml_get_errors());
    libxml_clear_errors();
    return $messages;
}

function simplexml(string $xml): array
{
    $response = simplexml_load_string($xml);
    $complaints = complaints();
    if ($response === false) {
        return ['complaints' => $complaints];
    }
    $records = [];
    foreach ($response->xpath('//messages/*/message') as $record) {
        $records[] = array_map(fn ($name) => (string) $record->$name, ['msg_id', 'to', 'from', 'message', 'date']);
    }
    $numbers = [];
    foreach ($response->xpath('//number') as $number) {
        $numbers[] = [(string) $number, (string) $number['sms_enabled'], (string) $number['url']];
    }
    return [
        'result' => (string) $response->result,
        'description' => (string) $response->result_description,
        'messages' => $records,
        'numbers' => $numbers,
        'complaints' => $complaints,
    ];
}

function dom(string $xml): array
{
    $document = new DOMDocument();
    $is_read = $document->loadXML($xml);
    $complaints = complaints();
    if (!$is_read) {
        return ['complaints' => $complaints];
    }
    $path = new DOMXPath($document);
    $records = [];
    foreach ($path->query('//messages/*/message') as $record) {
        $texts = [];
        foreach ($path->query('*', $record) as $element) {
            $texts[] = $element->textContent;
        }
        $records[] = $texts;
    }
    $numbers = [];
    foreach ($path->query('//number') as $number) {
        $numbers[] = [$number->textContent, $number->getAttribute('sms_enabled'), $number->getAttribute('url')];
    }
    return [
        'result' => $path->evaluate('string(/response/result)'),
        'description' => $path->evaluate('string(/response/result_description)'),
        'messages' => $records,
        'numbers' => $numbers,
        'complaints' => $complaints,
    ];
}

$parse = $argv[1];
$read = [];
foreach (array_slice($argv, 2) as $file) {
    $read[basename($file, '.xml')] = $parse(file_get_contents($file));
}
echo json_encode($read, JSON_THROW_ON_ERROR);
