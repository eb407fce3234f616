package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "keep pictures of the page in this directory")

// browser starts a headless Chromium, and fails the test for whatever the page
// complains about or asks of another host.
func browser(t *testing.T, base string) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("there is no Chromium")
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck, chromedp.UserDataDir(userDir(t)),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.WSURLReadTimeout(time.Minute),
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 4*time.Minute)
	t.Cleanup(cancel)
	chromedp.ListenTarget(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			if u := ev.Request.URL; !strings.HasPrefix(u, base) && !strings.HasPrefix(u, "blob:"+base) {
				t.Errorf("the page asks %.60s", u)
			}
		case *runtime.EventExceptionThrown:
			t.Errorf("the page throws: %v", ev.ExceptionDetails)
		case *runtime.EventConsoleAPICalled:
			t.Errorf("the page complains: %s", ev.Type)
		}
	})
	return ctx
}

// userDir is a directory for a browser, whose children write to it for a moment
// after it ended.
func userDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "vinmatch-page-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 50 {
			if os.RemoveAll(dir) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	return dir
}

func TestPage(t *testing.T) {
	s := startDemo(t)
	ctx := browser(t, s.url)
	x := s.demo.examples()
	do := func(actions ...chromedp.Action) {
		t.Helper()
		if err := chromedp.Run(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	shot := func(name string) {
		t.Helper()
		var png []byte
		do(chromedp.FullScreenshot(&png, 100))
		if *screenshots != "" {
			if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	size := func(width, height int64, mobile bool) chromedp.Action {
		return emulation.SetDeviceMetricsOverride(width, height, 1, mobile)
	}
	// Nothing moves, or a click may miss what it was meant for.
	media := func(scheme string) chromedp.Action {
		return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		})
	}
	text := func(selector string) (s string) {
		t.Helper()
		do(chromedp.Text(selector, &s, chromedp.ByQuery))
		return s
	}
	eval := func(script string) (v any) {
		t.Helper()
		do(chromedp.Evaluate(script, &v))
		return v
	}

	// A VIN with one character misread, typed on the keyboard alone.
	do(network.Enable(), media("light"), size(1100, 900, false), chromedp.Navigate(s.url), chromedp.WaitVisible("#examples button", chromedp.ByQuery))
	shot("empty")
	if got := eval(`document.activeElement.id`); got != "numbers" {
		t.Errorf("the focus is on %v at first", got)
	}
	misread := x[1].Text
	do(chromedp.KeyEvent(misread), chromedp.Evaluate(`document.activeElement.dispatchEvent(
		new KeyboardEvent("keydown", {key: "Enter", ctrlKey: true, bubbles: true, cancelable: true}))`, nil),
		chromedp.WaitVisible(".finding", chromedp.ByQuery))
	listed := ""
	for i := range s.demo.n {
		if r := s.demo.record(i); differ(r.VIN.String(), misread) == 1 {
			listed = r.Owner + "/" + r.ID
			if got := text(".finding .compare .number:last-child"); got != r.VIN.String() {
				t.Errorf("the first record shows another number")
			}
			break
		}
	}
	if got := eval(`[...document.querySelectorAll(".finding:first-of-type dd")].slice(0, 2).map(e => e.textContent).join("/")`); listed == "" || got != listed {
		t.Errorf("the first record is %v, want %s", got, listed)
	}
	if marks := eval(`document.querySelectorAll(".finding:first-of-type mark").length`); marks != float64(2) {
		t.Errorf("%v characters are marked, want one in each line", marks)
	}
	if got := text(".finding .chip"); got != "probable" {
		t.Errorf("verdict %q", got)
	}
	if got := text("#announce"); !strings.Contains(got, "Probably listed") {
		t.Errorf("a screen reader is told %q", got)
	}
	if got := eval(`document.activeElement.id`); got != "answersHead" {
		t.Errorf("after the answer the focus is on %v", got)
	}
	do(chromedp.Click(".finding summary", chromedp.ByQuery))
	if got := text(".finding table"); !strings.Contains(got, "read "+misread[len(misread)-1:]) && !strings.Contains(got, "Position") {
		t.Error("the evidence names no position")
	}
	if got := text(".how"); !strings.Contains(got, "took") || !strings.Contains(got, "one error away") {
		t.Errorf("the plan and the time: %q", got)
	}
	shot("answer")

	// Dark, and on a phone.
	luminance := `(() => { const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number); return r + g + b })()`
	light := eval(luminance).(float64)
	do(media("dark"))
	if now := eval(luminance).(float64); now > 150 || light < 600 {
		t.Errorf("the background is %v by day and %v in the dark, of 765", light, now)
	}
	contrast(t, eval, "dark")
	shot("dark")
	do(size(360, 740, true))
	for _, width := range []int64{320, 360} {
		do(size(width, 740, true))
		if got := eval(`document.documentElement.scrollWidth`); got != float64(width) {
			t.Errorf("at a width of %d the page is %v wide", width, got)
		}
	}
	if got := eval(`Math.min(...[...document.querySelectorAll("button, select, textarea")].filter(e => e.checkVisibility()).map(e => e.offsetHeight))`).(float64); got < 36 {
		t.Errorf("a control is only %v high", got)
	}
	shot("phone-dark")
	do(media("light"))
	contrast(t, eval, "light")
	shot("phone")

	// Part of a number has a plan, a plate another kind, and what is unknown is said
	// to be so.
	do(size(1100, 900, false))
	for i, want := range []string{3: "candidate", 4: x[4].Text, 5: "Not found in this register"} {
		if want == "" {
			continue
		}
		do(chromedp.Click(fmt.Sprintf("#examples button:nth-of-type(%d)", i+1), chromedp.ByQuery),
			chromedp.Poll(`document.querySelector("#check").getAttribute("aria-disabled") === null`, nil))
		if got := text("#list"); !strings.Contains(got, want) {
			t.Errorf("%s: the answer does not say %q", x[i].Label, want)
		}
	}
	do(chromedp.SetValue("#kind", "vin", chromedp.ByQuery),
		chromedp.SetValue("#numbers", x[0].Text+"\n<b>not a VIN</b>\n"+x[2].Text, chromedp.ByQuery), chromedp.Click("#check", chromedp.ByQuery),
		chromedp.Poll(`document.querySelectorAll(".answer").length === 3`, nil))
	if eval(`document.querySelectorAll("#list b").length`) != float64(0) {
		t.Error("what was typed became markup")
	}
	if got := text(".answer:nth-of-type(2) .verdict"); !strings.HasPrefix(got, "Nothing") {
		t.Errorf("of what is no number it is said: %q", got)
	}
	shot("several")

	// What is not listed can be remembered, with a token, and is shown when it is
	// listed.
	do(chromedp.Click("#examples button:nth-of-type(6)", chromedp.ByQuery),
		chromedp.Poll(`document.querySelectorAll(".answer").length === 1 && document.querySelector(".answer h3").textContent === "`+x[5].Text+`"`, nil))
	do(chromedp.Click(".answer .actions button", chromedp.ByQuery), chromedp.WaitVisible("#message", chromedp.ByQuery), chromedp.WaitVisible("#token", chromedp.ByQuery))
	if got := text("#message"); !strings.Contains(got, "token") {
		t.Errorf("to be told without a token: %q", got)
	}
	do(chromedp.SetValue("#token", s.tokens["FR"], chromedp.ByQuery), chromedp.Click(".answer .actions button", chromedp.ByQuery),
		chromedp.Poll(`document.querySelector(".answer .actions [role=status]").textContent.startsWith("Remembered until")`, nil))
	shot("remembered")
	if status, err := call(http.DefaultClient, s.tokens["DE"], "PUT", s.url+"v1/owners/DE/records/later", `{"version":1,"vin":"`+x[5].Text+`","status":"stolen","make":"Seat"}`, nil); err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	do(chromedp.WaitVisible("#told .finding", chromedp.ByQuery))
	if got := text("#told"); !strings.Contains(got, x[5].Text) || !strings.Contains(got, "later") || !strings.Contains(got, "border check") {
		t.Errorf("what is listed later: %q", got)
	}
	shot("told")

	// Errors are alerts.
	do(chromedp.SetValue("#purpose", " ", chromedp.ByQuery), chromedp.Click("#check", chromedp.ByQuery), chromedp.WaitVisible("#message", chromedp.ByQuery))
	if got := text("#message"); !strings.Contains(got, "Vinmatch-Purpose") {
		t.Errorf("without a purpose: %q", got)
	}
	do(chromedp.SetValue("#purpose", "port check", chromedp.ByQuery))

	// A manifest.
	manifest := filepath.Join(t.TempDir(), "manifest.csv")
	var b strings.Builder
	b.WriteString("vin,make\n")
	for i := range 3000 {
		v := s.demo.world.At(uint64(s.demo.n + i)).String()
		if i%1000 == 10 {
			v = s.demo.world.At(uint64(i)).String()
		}
		b.WriteString(v + ",\n")
	}
	if err := os.WriteFile(manifest, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	do(chromedp.SetUploadFiles("#manifest", []string{manifest}, chromedp.ByQuery), chromedp.Click("#upload", chromedp.ByQuery),
		chromedp.WaitVisible("#download", chromedp.ByQuery))
	if got := text("#manifestText"); !strings.Contains(got, "3,000 observations") {
		t.Errorf("the manifest: %q", got)
	}
	got := eval(`"," + [...document.querySelectorAll("#hits tbody tr td:first-child")].map(e => e.textContent).join() + ","`).(string)
	for _, line := range []string{"12", "1012", "2012"} { // other lines may be possible
		if !strings.Contains(got, ","+line+",") {
			t.Errorf("hits in the lines %s, not in %s", got, line)
		}
	}
	dir := t.TempDir()
	done := make(chan struct{})
	chromedp.ListenTarget(ctx, func(ev any) {
		if ev, ok := ev.(*cdpbrowser.EventDownloadProgress); ok && ev.State == cdpbrowser.DownloadProgressStateCompleted {
			close(done)
		}
	})
	do(cdpbrowser.SetDownloadBehavior(cdpbrowser.SetDownloadBehaviorBehaviorAllow).WithDownloadPath(dir).WithEventsEnabled(true),
		chromedp.Click("#download", chromedp.ByQuery))
	select {
	case <-done:
	case <-ctx.Done():
		t.Fatal("nothing was downloaded")
	}
	result, err := os.ReadFile(filepath.Join(dir, "manifest-screened.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(result), "\n"); lines != 3001 || !strings.Contains(string(result), `"summary"`) {
		t.Errorf("the download has %d lines, want one for each observation and a summary", lines)
	}
	shot("manifest")
	do(size(360, 740, true))
	if got := eval(`document.documentElement.scrollWidth`); got != float64(360) {
		t.Errorf("with a manifest at a width of 360 the page is %v wide", got)
	}
	shot("manifest-phone")
	do(media("dark"))
	contrast(t, eval, "dark")
	do(media("light"), size(1100, 900, false))

	// What a screen reader needs: names for all controls, one main heading, and a
	// reading order that is that of the page.
	if got := eval(`[...document.querySelectorAll("input, select, textarea, button, [role=meter], progress")].filter(e =>
		!(e.labels && e.labels.length) && !e.getAttribute("aria-label") && !e.textContent.trim()).map(e => e.outerHTML.slice(0, 80)).join("; ")`); got != "" {
		t.Errorf("controls without a name: %v", got)
	}
	if got := eval(`document.querySelectorAll("h1").length + " " + document.documentElement.lang + " " + document.querySelectorAll("[tabindex]").length`); got != "1 en 2" {
		t.Errorf("headings, language, places in the tab order: %v", got)
	}
}

// contrast holds all visible text to a contrast of 4.5 with what is behind it
// (WCAG 2.2, 1.4.3).
func contrast(t *testing.T, eval func(string) any, mode string) {
	t.Helper()
	got := eval(`(() => {
		const rgb = c => c.match(/[\d.]+/g).map(Number);
		const lum = c => rgb(c).slice(0, 3).map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
			.reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
		const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (rgb(c)[3] !== 0) return c; } return "rgb(255, 255, 255)"; };
		const bad = [];
		for (const e of document.querySelectorAll("body *")) {
			if (!e.checkVisibility() || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
			const a = lum(getComputedStyle(e).color), b = lum(behind(e));
			const c = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
			if (c < 4.5) bad.push(e.tagName + "." + e.className + " " + c.toFixed(2));
		}
		return bad.join("; ");
	})()`)
	if got != "" {
		t.Errorf("%s: too little contrast: %v", mode, got)
	}
}

// differ counts the characters that differ.
func differ(a, b string) int {
	if len(a) != len(b) {
		return len(a) + len(b)
	}
	n := 0
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}
