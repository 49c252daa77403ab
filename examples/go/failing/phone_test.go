package codes

import "testing"

func TestACodeForACustomerWithoutNumberIsSent(t *testing.T) {
	world := newWorld(t)

	if err := (Codes{"Login", "Haslo", world.Client()}).Send("", "4711"); err != nil {
		t.Fatal(err)
	}
}
