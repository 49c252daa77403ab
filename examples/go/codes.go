// Package codes sends one-time codes by SMS through SerwerSMS.
package codes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

const sendURL = "https://api2.serwersms.pl/messages/send_sms.json"

// Codes sends the codes of one account.
type Codes struct {
	Username, Password string
	Client             *http.Client
}

// Send sends a code to a phone.
func (codes Codes) Send(phone, code string) error {
	body, err := json.Marshal(map[string]string{
		"username": codes.Username,
		"password": codes.Password,
		"phone":    phone,
		"text":     fmt.Sprintf("Your code is %s.", code),
		"sender":   "INFORMACJA",
	})
	if err != nil {
		return err
	}
	response, err := codes.Client.Post(sendURL, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct {
		Queued int
		Error  struct{ Message string }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Error.Message != "" { // with status 200
		return errors.New(answer.Error.Message)
	}
	if answer.Queued != 1 {
		return errors.New("the code was not sent")
	}
	return nil
}
