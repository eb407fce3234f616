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

// The low bit of each tag; the last four bytes are spill bits and marks.
DATA ·tagBits<>+0(SB)/8, $0x0101010101010101
DATA ·tagBits<>+8(SB)/8, $0x0000000001010101
GLOBL ·tagBits<>(SB), RODATA|NOPTR, $16

// func collectSSE2(b *Batch, groups *group, base, n int)
//
// DI the batch, SI the groups, R8 base, BX n, CX the key's number i, AX the number
// of keys that wait, DX which keys may be marked, from the top down.
TEXT ·collectSSE2(SB), NOSPLIT, $0-32
	MOVQ  b+0(FP), DI
	MOVQ  groups+8(FP), SI
	MOVQ  base+16(FP), R8
	MOVQ  n+24(FP), BX
	MOVQ  Batch_waiting(DI), AX
	MOVOU ·tagBits<>(SB), X4
	XORL  CX, CX
	XORL  DX, DX
	JMP   more

next:
	MOVL   Batch_groups(DI)(CX*4), R9
	MOVQ   Batch_hashes(DI)(CX*8), R10
	MOVQ   R9, R11
	SHLQ   $6, R11
	ADDQ   SI, R11
	MOVOU  group_tags(R11), X0

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

	// The spill bits are the low half of the last word, the marks the high one.
	// The mark that the hash names goes to the top of DX, its spill bit to bit
	// 25, that of slot 11.
	PSHUFD $0xFF, X0, X0
	MOVL   X0, R13
	MOVL   R10, R14
	SHRL   $8, R10
	SHRL   $12, R14
	ANDL   $15, R10
	ORL    $16, R14
	BTL    R14, R13
	RCRQ   $1, DX
	BTL    R10, R13
	SBBL   R13, R13
	ANDL   $(1<<25), R13
	ORQ    R13, R12

	// The position in the first slot. Without one it is what stands behind the
	// slots.
	BTSQ $63, R12
	BSFQ R12, R13
	BTRQ $63, R12
	MOVL R13, R10
	SHRL $3, R10
	ANDL $1, R13
	LEAL (R10)(R13*8), R13
	MOVL group_pos(R11)(R13*4), R13
	MOVL R13, Batch_pos(DI)(AX*4)

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

	// The first key's mark goes to the lowest bit.
	MOVL $64, CX
	SUBL BX, CX
	SHRQ CX, DX
	MOVQ DX, Batch_Marked(DI)
	RET

// func glanceSSE2(t *Table, hi, lo uint64) (pos uint32, s Seen)
//
// DI the table, R8 and R9 the key, R10 its hash, DX its group, R12 a bit for each
// slot that may hold it.
TEXT ·glanceSSE2(SB), NOSPLIT, $0-40
	MOVQ t+0(FP), DI
	MOVQ hi+8(FP), R8
	MOVQ lo+16(FP), R9

	MOVQ R8, AX
	MOVQ R9, CX
	XORQ (Table_seed+0)(DI), AX
	XORQ (Table_seed+8)(DI), CX
	MULQ CX
	XORQ DX, AX
	XORQ (Table_seed+16)(DI), AX
	MULQ (Table_seed+24)(DI)
	XORQ DX, AX
	MOVQ AX, R10
	MULQ (Table_groups+8)(DI)
	SHLQ $6, DX
	ADDQ Table_groups(DI), DX

	// The tag: the low byte of the hash, 1 for 0.
	MOVBLZX R10, R12
	CMPL    R12, $1
	ADCL    $0, R12
	IMULL   $0x01010101, R12
	MOVL    R12, X1
	PSHUFD  $0, X1, X1
	MOVOU   group_tags(DX), X0
	PCMPEQB X0, X1
	PMOVMSKB X1, R12
	ANDL    $0xFFF, R12

	// The last slot leads to a list.
	MOVL (group_tags+12)(DX), R13
	SHRL $8, R10
	ANDL $15, R10
	BTL  R10, R13
	SBBL R13, R13
	ANDL $(1<<11), R13
	ORL  R13, R12
	JEQ  none

	BSFL R12, R12
	MOVL group_pos(DX)(R12*4), AX
	CMPQ AX, (Table_keys+8)(DI)
	JAE  more
	MOVQ AX, R13
	SHLQ $4, R13
	ADDQ Table_keys(DI), R13
	CMPQ R8, (R13)
	JNE  more
	CMPQ R9, 8(R13)
	JNE  more
	MOVL AX, pos+24(FP)
	MOVQ $const_Present, s+32(FP)
	RET

none:
	MOVL $0, pos+24(FP)
	MOVQ $const_Absent, s+32(FP)
	RET

more:
	MOVL $0, pos+24(FP)
	MOVQ $const_Unsure, s+32(FP)
	RET
