// Command client sells one thing through the door of chekan-agent, the way a
// shop's program should: exactly once, whatever breaks. It is written to be
// read and translated: plain JSON over HTTP, nothing but the standard library,
// nothing of the agent's own code.
//
//	client -token-file /var/lib/chekan-agent/token -key sale-20260304-17 -name Кофе -price 15000
//
// The whole of it is in sale.go: [Shop.Sell]. What can break, and what is seen
// then, is in ../README.md; a test of the agent breaks all of it under this
// very program.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"
)

func main() {
	door := flag.String("door", "http://127.0.0.1:8777", "address of the agent")
	tokenFile := flag.String("token-file", "", "file with the token, in the agent's data folder")
	key := flag.String("key", "", "key of the sale: the number under which your program keeps it")
	name := flag.String("name", "Кофе", "what is sold")
	price := flag.Int64("price", 15000, "its price, kopecks")
	timeout := flag.Duration("timeout", 30*time.Second, "how long one call may take")
	patience := flag.Duration("patience", 10*time.Minute, "how long to go on before a person is asked")
	flag.Parse()

	token, err := os.ReadFile(*tokenFile)
	if err != nil || *key == "" {
		fmt.Fprintln(os.Stderr, "-token-file and -key are needed:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *patience)
	defer cancel()
	shop := &Shop{
		Door: *door, Token: strings.TrimSpace(string(token)), HTTP: &http.Client{Timeout: *timeout}, Pause: time.Second,
		Say:    func(text string) { fmt.Println(text) },
		Charge: func() error { fmt.Println("терминал: оплата картой прошла"); return nil },
	}
	receipt := Receipt{
		Items:    []Item{{Name: *name, Quantity: "1", Price: *price, VAT: "none"}},
		Payments: Payments{Electronic: *price},
	}
	done, err := shop.Sell(ctx, *key, receipt)
	if err != nil {
		fmt.Println("нужен человек:", err)
		os.Exit(1)
	}
	fmt.Printf("пробит: ФД %d ФПД %d\n", done.Document.FD, done.Document.FP)
}
