import type { Brand } from './brand.ts'

/** A PEP 440 version in normal form; equal versions that are spelled differently may differ in text, compare with `compareVersions`. */
export type Version = Brand<string, 'Version'>
