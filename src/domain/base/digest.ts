import { hash } from 'node:crypto'
import type { Brand } from './brand.ts'

/** 64 lower-case hexadecimal digits. */
export type Sha256 = Brand<string, 'Sha256'>

const HEX64 = /^[0-9a-f]{64}$/

/** Reads 64 lower-case hex digits (PEP 740 and in-toto spell digests so); anything else is `undefined`. */
export function parseSha256(text: string): Sha256 | undefined {
  return HEX64.test(text) ? (text as Sha256) : undefined
}

/** The same with its algorithm in front (`sha256:`), or without. */
export function parseNamedSha256(text: string): Sha256 | undefined {
  return parseSha256(text.replace(/^sha256:/, ''))
}

export function sha256Of(bytes: Uint8Array | string): Sha256 {
  return hash('sha256', bytes, 'hex') as Sha256
}
