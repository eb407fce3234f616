package sheet_test

import (
	"strings"
	"testing"
)

func BenchmarkRegister(b *testing.B) {
	const header = "owner,id,version,vin,plate,plate_country,engine,type,make,model_year,colour,status,stolen,tags\n"
	const rows = 1000
	text := header + strings.Repeat("FR,2024-000114,1,"+honda+",AB-123-CD,FR,K9K 123456,car,Honda,2003,silver,stolen,2024-02-11,export\n", rows)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if recs, problems, err := readRegister(text); len(recs) != rows || problems != nil || err != nil {
			b.Fatal(len(recs), problems, err)
		}
	}
}

func BenchmarkObservations(b *testing.B) {
	const header = "seen_at,place,lat,lon,vin,plate,plate_country,make,model_year,country\n"
	const rows = 1000
	text := header + strings.Repeat("2025-06-14T08:30:00Z,\"Dover, port\",51.1254,1.3337,"+golf+",AB-123-CD,FR,Volkswagen,2010,DE\n", rows)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if all, err := readObservations(text); len(all) != rows || err != nil {
			b.Fatal(len(all), err)
		}
	}
}
