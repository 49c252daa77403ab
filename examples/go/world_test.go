package codes

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"testing"
)

// world is a world of the mock server for one test, in which nothing else happens.
type world struct {
	t  *testing.T
	ID string
}

func newWorld(t *testing.T) world {
	t.Helper()
	created := world{t: t}
	json.Unmarshal(created.ask("POST", "", `{"fixture": "small", "freeze": "2026-06-01T12:00:00Z"}`), &created)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s", created.ask("GET", "/report", ""))
		}
		created.ask("DELETE", "", "")
	})
	return created
}

// Client returns a client whose requests belong to this world, wherever they go.
func (world world) Client() *http.Client { return &http.Client{Transport: world} }

// RoundTrip sends a request with the header that names the world.
func (world world) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("X-Mockserver-World", world.ID)
	return http.DefaultTransport.RoundTrip(request)
}

// TextsTo returns the texts that a number was sent in this test.
func (world world) TextsTo(number string) (texts []string) {
	var found struct{ Messages []struct{ Text string } }
	json.Unmarshal(world.ask("GET", "/messages?direction=outbound&number="+url.QueryEscape(number), ""), &found)
	for _, message := range found.Messages {
		texts = append(texts, message.Text)
	}
	return texts
}

// ask asks the control API about the world; without an ID yet, about all worlds.
func (world world) ask(method, path, body string) []byte {
	world.t.Helper()
	server := os.Getenv("MOCKSERVER_URL")
	if server == "" {
		server = "http://127.0.0.1:7670"
	}
	address := server + "/_mock/worlds"
	if world.ID != "" {
		address += "/" + world.ID
	}
	request, _ := http.NewRequest(method, address+path, bytes.NewBufferString(body))
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		world.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	if response.StatusCode >= 400 {
		world.t.Fatalf("%s", answer)
	}
	return answer
}
