<?php
// Reminders of appointments by SMS, sent through DialogTech.

declare(strict_types=1);

final class NotSent extends RuntimeException
{
}

final class Reminders
{
    public function __construct(
        private string $accessKey,
        private string $secretAccessKey,
        private string $sender,
        private string $baseUrl = 'https://secure.dialogtech.com',
    ) {
    }

    public function send(string $number, string $text): void
    {
        $request = curl_init("{$this->baseUrl}/ibp_api.php");
        curl_setopt_array($request, [
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => 10,
            CURLOPT_POSTFIELDS => http_build_query([
                'action' => 'sms.send_message',
                'access_key' => $this->accessKey,
                'secret_access_key' => $this->secretAccessKey,
                'from' => $this->sender,
                'to' => $number,
                'message' => $text,
            ]),
        ]);
        $answer = curl_exec($request);
        if ($answer === false) {
            throw new NotSent(curl_error($request));
        }
        // DialogTech says no with status 200: only the document tells.
        $document = simplexml_load_string($answer);
        if ((string) $document->result !== 'success') {
            throw new NotSent((string) $document->result_description);
        }
    }
}
