// What `cargo bench -p lockstep-gjson` measures, in Go: `go test -bench . -benchmem`.
package bench

import (
	"os"
	"testing"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

var paths = []struct{ name, path string }{
	{"first", "service-00.password"},
	{"last", "service-39.tls.key"},
	{"element", "users.50.email"},
	{"query", `users.#(name=="user77").email`},
	{"all", "users.#.name"},
}

func BenchmarkLookup(b *testing.B) {
	document, err := os.ReadFile("../../crates/gjson/benches/document.json")
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range paths {
		b.Run(path.name, func(b *testing.B) {
			for b.Loop() {
				gjson.GetBytes(document, path.path).String()
			}
		})
	}
	b.Run("set", func(b *testing.B) {
		for b.Loop() {
			if _, err := sjson.SetBytes(document, "service-39.password", "new"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
