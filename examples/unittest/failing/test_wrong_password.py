from mockserver import MockWorldCase

from optouts import OptOuts


class WrongPasswordTest(MockWorldCase):
    mockserver = {"fixture": "small", "freeze": "2026-06-01T12:00:00Z"}

    def test_answers_are_read(self):
        self.assertEqual(OptOuts("Login", "haslo").refresh(), 0)
