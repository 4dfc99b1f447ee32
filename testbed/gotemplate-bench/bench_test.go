// What `cargo bench -p lockstep-gotemplate` measures, in Go: `go test -bench . -benchmem`.
package bench

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"text/template"

	"github.com/Masterminds/sprig/v3"
)

func text(b *testing.B) string {
	text, err := os.ReadFile("../../crates/gotemplate/benches/config.tmpl")
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}

var data = map[string]string{
	"title":    "Settings of the shop",
	"user":     "shop",
	"password": "p@ss/word with spaces",
	"host":     "db.example.org",
	"port":     "5432",
	"database": "shop-production",
	"tls":      "true",
	"ca":       strings.Repeat("MIIBszCCAVmgAwIBAgIUQxZ3yTt6y0n6bG9ja3N0ZXAwCgYIKoZIzj0EAwIwEjEQ\n", 10),
	"hosts":    "A.example.org, B.example.org, C.example.org",
	"owner":    "team shop",
	"token":    "c2VjcmV0IHRva2VuIG9mIHRoZSBzaG9w",
}

// The function map is made once, as in External Secrets Operator.
var functions = template.FuncMap(sprig.TxtFuncMap())

func parse(b *testing.B, text string) *template.Template {
	parsed, err := template.New("config").Option("missingkey=error").Funcs(functions).Parse(text)
	if err != nil {
		b.Fatal(err)
	}
	return parsed
}

func render(b *testing.B, parsed *template.Template) []byte {
	var out bytes.Buffer
	if err := parsed.Execute(&out, data); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

func BenchmarkParseAndRender(b *testing.B) {
	text := text(b)
	for b.Loop() {
		render(b, parse(b, text))
	}
}

func BenchmarkRender(b *testing.B) {
	parsed := parse(b, text(b))
	for b.Loop() {
		render(b, parsed)
	}
}
