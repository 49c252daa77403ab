package org.example;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(MockWorld.class)
class RemindersTest {
    private static final String ANNA = "5556667777";

    private static Reminders reminders(MockWorld.World world) {
        return new Reminders(world.baseUrl(), "foo", "bar", "5554332111");
    }

    /** What Anna was sent: this text, and nothing else. */
    private static boolean wasSentOnly(MockWorld.World world, String text) throws Exception {
        String send = "{\"operation\": \"sms.send_message\", \"outcome\": \"accepted\"";
        return world.verify("{\"exchanges\": [" + send + "}], \"count\": 1}")
                && world.verify("{\"exchanges\": [" + send + ", \"parameters\": {\"to\": \"" + ANNA
                        + "\", \"message\": \"" + text + "\"}}]}");
    }

    @Test
    void aReminderIsSent(MockWorld.World world) throws Exception {
        reminders(world).send(ANNA, "Tomorrow at 9.");

        assertTrue(wasSentOnly(world, "Tomorrow at 9."));
    }

    /** JUnit runs it beside the test above, which writes to the same number. */
    @Test
    void aCancellationIsSent(MockWorld.World world) throws Exception {
        reminders(world).send(ANNA, "We are closed tomorrow.");

        assertTrue(wasSentOnly(world, "We are closed tomorrow."));
    }

    @Test
    void aSecondReminderHasToWaitForASecond(MockWorld.World world) throws Exception {
        reminders(world).send(ANNA, "Tomorrow at 9.");
        Exception reason =
                assertThrows(Reminders.NotSent.class, () -> reminders(world).send(ANNA, "Sorry, at 10."));
        assertTrue(reason.getMessage().contains("1 sms per number per second"), reason.getMessage());
        assertTrue(wasSentOnly(world, "Tomorrow at 9."));

        world.advance(1);
        reminders(world).send(ANNA, "Sorry, at 10.");
    }
}
