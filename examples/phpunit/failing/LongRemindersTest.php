<?php

declare(strict_types=1);

require_once __DIR__ . '/SmsTestCase.php';
require_once __DIR__ . '/../src/Reminders.php';

final class LongRemindersTest extends SmsTestCase
{
    public function testALongReminderIsSent(): void
    {
        $reminders = new Reminders('foo', 'bar', '5554332111', $this->baseUrl);

        $reminders->send('5556667777', str_repeat('Please bring your documents. ', 9));

        $this->assertCount(1, $this->textsTo('5556667777'));
    }
}
