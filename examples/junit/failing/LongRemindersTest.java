package org.example;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(MockWorld.class)
class LongRemindersTest {
    @Test
    void aLongReminderIsSent(MockWorld.World world) throws Exception {
        Reminders reminders = new Reminders(world.baseUrl(), "foo", "bar", "5554332111");

        reminders.send("5556667777", "Please bring your documents. ".repeat(9));
    }
}
