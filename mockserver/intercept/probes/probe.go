package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	for _, address := range os.Args[1:] {
		response, err := http.Get(address)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		fmt.Println(string(body))
	}
}
