<?php

declare(strict_types=1);

require_once __DIR__ . '/SmsTestCase.php';
require_once __DIR__ . '/../src/Reminders.php';

final class RemindersTest extends SmsTestCase
{
    private const ANNA = '5556667777';

    private Reminders $reminders;

    protected function setUp(): void
    {
        parent::setUp();
        $this->reminders = new Reminders('foo', 'bar', '5554332111', $this->baseUrl);
    }

    public function testAReminderIsSent(): void
    {
        $this->reminders->send(self::ANNA, 'Tomorrow at 9.');

        $this->assertSame(['Tomorrow at 9.'], $this->textsTo(self::ANNA));
    }

    public function testASecondReminderHasToWaitForASecond(): void
    {
        $this->reminders->send(self::ANNA, 'Tomorrow at 9.');
        try {
            $this->reminders->send(self::ANNA, 'Sorry, at 10.');
            $this->fail('it was sent at once');
        } catch (NotSent $reason) {
            $this->assertStringContainsString('1 sms per number per second', $reason->getMessage());
        }

        $this->advance(1);
        $this->reminders->send(self::ANNA, 'Sorry, at 10.');

        $this->assertSame(['Tomorrow at 9.', 'Sorry, at 10.'], $this->textsTo(self::ANNA));
    }
}
