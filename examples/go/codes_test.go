package codes

import (
	"reflect"
	"testing"
)

const anna = "+48500111222"

func TestACodeIsSent(t *testing.T) {
	t.Parallel()
	world := newWorld(t)

	if err := (Codes{"Login", "Haslo", world.Client()}).Send(anna, "4711"); err != nil {
		t.Fatal(err)
	}

	if texts := world.TextsTo(anna); !reflect.DeepEqual(texts, []string{"Your code is 4711."}) {
		t.Errorf("sent: %q", texts)
	}
}

// It runs beside the test above, which sends to the same number.
func TestAFailureOfTheProviderIsTold(t *testing.T) {
	t.Parallel()
	world := newWorld(t)
	world.ask("POST", "/faults", `{"fault": {"kind": "provider_error", "name": "SystemUnavailable"}}`)

	err := Codes{"Login", "Haslo", world.Client()}.Send(anna, "0815")

	if err == nil || err.Error() != "System temporarily unavailable" {
		t.Errorf("got %v", err)
	}
	if texts := world.TextsTo(anna); texts != nil {
		t.Errorf("sent: %q", texts)
	}
}
