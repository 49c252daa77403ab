from mockserver import MockWorldCase

from optouts import OptOuts

ANNA, BEN, SHOP = "+48500600700", "+48500600701", "+48664078059"


class OptOutsTest(MockWorldCase):
    mockserver = {"fixture": "small", "freeze": "2026-06-01T12:00:00Z"}

    def setUp(self):
        super().setUp()  # a new world, to which the providers' hosts lead until the test has ended
        self.optouts = OptOuts("Login", "Haslo")
        self.optouts.refresh()

    def receive(self, sender, text):
        self.world.inbound("serwersms", "documents", kind="ndi", sender=sender, recipient=SHOP, text=text)

    def test_who_answers_stop_has_opted_out(self):
        self.receive(ANNA, " stop ")
        self.receive(BEN, "See you tomorrow!")

        self.assertEqual(self.optouts.refresh(), 2)
        self.assertEqual(self.optouts.numbers, {ANNA})

    def test_an_answer_is_read_once(self):
        self.receive(ANNA, "STOP")

        self.assertEqual([self.optouts.refresh(), self.optouts.refresh()], [1, 0])

    def test_a_failure_of_the_provider_forgets_nobody(self):
        self.receive(ANNA, "STOP")
        self.optouts.refresh()
        self.world.faults.add("provider_error", name="SystemUnavailable")

        with self.assertRaisesRegex(RuntimeError, "System temporarily unavailable"):
            self.optouts.refresh()
        self.assertEqual(self.optouts.numbers, {ANNA})
