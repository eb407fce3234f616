package vin_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/vinmatch/vinmatch/vin"
)

func ExampleParse() {
	v, err := vin.Parse("1hgcm82633a004352")
	fmt.Println(v, err)

	_, err = vin.Parse("1HGCM82633AO04352")
	fmt.Println(err, errors.Is(err, vin.BadChar))
	// Output:
	// 1HGCM82633A004352 <nil>
	// vin: position 12: 'O' is not a VIN symbol true
}

func ExampleParseBatch() {
	lines := []string{"1HGCM82633A004352", "N/A", "WVWZZZ3CZEE140287"}
	vins := make([]vin.VIN, len(lines))
	n := vin.ParseBatch(vins, lines)
	fmt.Println(n, "of", len(lines))
	for _, v := range vins {
		fmt.Printf("%t %q\n", v.IsValid(), v)
	}
	// Output:
	// 2 of 3
	// true "1HGCM82633A004352"
	// false ""
	// true "WVWZZZ3CZEE140287"
}

func ExampleVIN_CheckDigitOK() {
	for _, s := range []string{"1HGCM82633A004352", "1HGCM82633A004353", "WVWZZZ3CZEE140287"} {
		v := vin.MustParse(s)
		fmt.Printf("%s: %c, computed %c, %s\n", v.Masked(), v.CheckDigit(), v.ComputeCheckDigit(), v.CheckRule())
	}
	// Output:
	// 1HG**************: 3, computed 3, required
	// 1HG**************: 3, computed 5, required
	// WVW**************: Z, computed 7, none
}

func ExampleVIN_Decode() {
	info := vin.MustParse("1G1YC2D47T5102754").Decode()
	fmt.Println(info.WMI, info.Manufacturer, info.Makes(), info.VehicleType)
	fmt.Println(info.Country, info.CountryName, info.Region)
	fmt.Println(info.ModelYears(), "so", info.ModelYear, "by", info.YearReason)
	fmt.Printf("plant %c, serial %s, remarks: %v\n", info.Plant, info.Serial(), info.Remarks)
	// Output:
	// 1G1 GENERAL MOTORS LLC [Chevrolet] Car
	// US United States North America
	// [1996 2026] so 2026 by position 7
	// plant 5, serial 102754, remarks:
}

func ExampleVIN_DecodeWithYear() {
	v := vin.MustParse("WVWZZZ3CZEE140287") // Europe has no rule for position 7
	info := v.Decode()
	fmt.Println(info.ModelYears(), info.ModelYear, info.YearReason)
	info = v.DecodeWithYear(2014) // as the registration paper says
	fmt.Println(info.ModelYears(), info.ModelYear, info.YearReason)
	// Output:
	// [1984 2014] 0 unknown
	// [1984 2014] 2014 reported
}

func ExampleInfo_Frame() {
	info := vin.MustParse("6U90000PV35400637").Decode()
	fmt.Println(info.Frame(), info.Remarks.Has(vin.EmbeddedFrame))
	// Output: PV35400637 true
}

func ExampleVIN_LogValue() {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	log.Info("hit", "vin", vin.MustParse("1HGCM82633A004352"))
	// Output: level=INFO msg=hit vin=1HG**************
}
