//go:build amd64 && !purego

#include "go_asm.h"
#include "textflag.h"

// func prefetch(base unsafe.Pointer, size uintptr, at *uint32, n int)
TEXT ·prefetch(SB), NOSPLIT, $0-32
	MOVQ  base+0(FP), SI
	MOVQ  size+8(FP), DX
	MOVQ  at+16(FP), DI
	MOVQ  n+24(FP), BX
	XORL  CX, CX
	JMP   more

next:
	MOVL  (DI)(CX*4), AX
	IMULQ DX, AX
	PREFETCHT0 (SI)(AX*1)
	INCQ  CX

more:
	CMPQ CX, BX
	JLT  next
	RET

// The low bit of each byte but the last, which holds spill bits and not a tag.
DATA ·tagBits<>+0(SB)/8, $0x0101010101010101
DATA ·tagBits<>+8(SB)/8, $0x0001010101010101
GLOBL ·tagBits<>(SB), RODATA|NOPTR, $16

// func collectSSE2(b *Batch, tags *tagGroup, base, n int)
//
// DI the batch, SI the tags, R8 base, BX n, CX the key's number i, AX the number
// of keys that wait.
TEXT ·collectSSE2(SB), NOSPLIT, $0-32
	MOVQ  b+0(FP), DI
	MOVQ  tags+8(FP), SI
	MOVQ  base+16(FP), R8
	MOVQ  n+24(FP), BX
	MOVQ  Batch_waiting(DI), AX
	MOVOU ·tagBits<>(SB), X4
	XORL  CX, CX
	JMP   more

next:
	MOVL   Batch_groups(DI)(CX*4), R9
	MOVQ   Batch_hashes(DI)(CX*8), R10
	MOVQ   R9, R11
	SHLQ   $4, R11
	MOVOU  (SI)(R11*1), X0

	// The tag: the low byte of the hash, 1 for 0.
	MOVBLZX R10, R12
	CMPL   R12, $1
	ADCL   $0, R12
	IMULL  $0x01010101, R12
	MOVL   R12, X1
	PSHUFD $0, X1, X1

	// candidates: bit 8i for slot i, bit 8i+1 for slot 8+i.
	PCMPEQB X0, X1
	PAND    X4, X1
	MOVQ    X1, R12
	PSHUFD  $0xEE, X1, X1
	MOVQ    X1, R13
	LEAQ    (R12)(R13*2), R12

	// The spill bit that the hash names goes to bit 57.
	PSHUFD $0xEE, X0, X0
	MOVQ   X0, R13
	SHRQ   $56, R13
	SHRL   $8, R10
	ANDL   $7, R10
	BTL    R10, R13
	SBBQ   R13, R13
	SHRQ   $63, R13
	SHLQ   $57, R13
	ORQ    R13, R12

	// Write always, move on if there is a candidate.
	MOVQ CX, R10
	SHLQ $4, R10
	MOVQ (Batch_Keys+0)(DI)(R10*1), R11
	MOVQ (Batch_Keys+8)(DI)(R10*1), R13
	MOVQ AX, R10
	SHLQ $4, R10
	MOVQ R11, (Batch_want+0)(DI)(R10*1)
	MOVQ R13, (Batch_want+8)(DI)(R10*1)
	LEAQ (R8)(CX*1), R11
	MOVQ R11, Batch_at(DI)(AX*8)
	MOVL R9, Batch_group(DI)(AX*4)
	MOVQ R12, Batch_slots(DI)(AX*8)
	NEGQ R12
	ADCQ $0, AX
	INCQ CX

more:
	CMPQ CX, BX
	JLT  next
	MOVQ AX, Batch_waiting(DI)
	RET

// func prefetchLine(at unsafe.Pointer)
TEXT ·prefetchLine(SB), NOSPLIT, $0-8
	MOVQ at+0(FP), SI
	PREFETCHT0 (SI)
	RET
