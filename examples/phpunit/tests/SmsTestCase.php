<?php
// A world of the mock server for each test, in which nothing else happens.

declare(strict_types=1);

use PHPUnit\Framework\TestCase;

abstract class SmsTestCase extends TestCase
{
    /** The address that stands for the providers in this test. */
    protected string $baseUrl;
    private string $world;
    private static array $worlds = [];

    protected function setUp(): void
    {
        $world = $this->mock('POST', '', ['fixture' => 'small', 'freeze' => '2026-06-01T12:00:00Z']);
        self::$worlds[] = $this->world = $world['id'];
        $this->baseUrl = $world['base_url'];
    }

    protected function onNotSuccessfulTest(Throwable $failure): never
    {
        fwrite(STDERR, "\n" . $this->mock('GET', "/{$this->world}/report"));
        throw $failure;
    }

    public static function tearDownAfterClass(): void
    {
        foreach (self::$worlds as $world) {
            self::mock('DELETE', "/$world");
        }
        self::$worlds = [];
    }

    /** The texts that a number was sent in this test. */
    protected function textsTo(string $number): array
    {
        $found = $this->mock('GET', "/{$this->world}/messages?direction=outbound&number=$number");
        return array_column($found['messages'], 'text');
    }

    protected function advance(int $seconds): void
    {
        $this->mock('POST', "/{$this->world}/clock/advance", ['seconds' => $seconds]);
    }

    /** Ask the control API: JSON, or a text. */
    private static function mock(string $method, string $path, ?array $body = null): mixed
    {
        $server = getenv('MOCKSERVER_URL') ?: 'http://127.0.0.1:7670';
        $answer = file_get_contents("$server/_mock/worlds$path", false, stream_context_create(['http' => [
            'method' => $method,
            'header' => 'Content-Type: application/json',
            'content' => $body === null ? '' : json_encode($body),
        ]]));
        return json_decode($answer, true) ?? $answer;
    }
}
