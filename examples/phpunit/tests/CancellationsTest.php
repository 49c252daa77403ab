<?php

declare(strict_types=1);

require_once __DIR__ . '/SmsTestCase.php';
require_once __DIR__ . '/../src/Reminders.php';

final class CancellationsTest extends SmsTestCase
{
    /** The number of RemindersTest too: in a world of its own nothing was sent to it. */
    private const ANNA = '5556667777';

    public function testACancellationIsTheOnlyMessage(): void
    {
        (new Reminders('foo', 'bar', '5554332111', $this->baseUrl))->send(self::ANNA, 'We are closed tomorrow.');

        $this->assertSame(['We are closed tomorrow.'], $this->textsTo(self::ANNA));
    }
}
