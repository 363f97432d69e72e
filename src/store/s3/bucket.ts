import type { Readable } from 'node:stream'
import type { Sha256 } from '../../domain/base/digest.ts'

/** Where gates keep bytes together. */
export interface BucketAddress {
  readonly bucket: string
  /** before every key, without slashes at its ends; may be empty */
  readonly prefix: string
  /** where it is served, in path style; `undefined`: by AWS */
  readonly endpoint: string | undefined
  /** `undefined`: what the environment says */
  readonly region: string | undefined
}

export interface BucketEntry {
  /** bytes */
  readonly size: number
  /** changes with the content */
  readonly tag: string
}

export interface BucketObject extends BucketEntry {
  /** unchecked; ends with an error where it ends early. Whoever got it reads it to the end or destroys it. */
  readonly body: Readable
}

export interface BucketContent {
  readonly size: number
  readonly body: Readable | Buffer
}

/**
 * Objects by content. What is not there is `undefined`; everything else that keeps it from answering is thrown as `unknown-store`,
 * within a bounded time.
 */
export interface Bucket {
  get(sha256: Sha256, signal?: AbortSignal): Promise<BucketObject | undefined>
  head(sha256: Sha256): Promise<BucketEntry | undefined>
  /**
   * `there`: an object stands in its place, which is replaced only by whoever says `over` it. The bucket itself refuses bytes of
   * another digest.
   */
  put(
    sha256: Sha256,
    content: BucketContent,
    how?: { readonly over?: 'nothing' | 'anything' | undefined; readonly signal?: AbortSignal },
  ): Promise<'stored' | 'there'>
  delete(sha256: Sha256): Promise<void>
  /** All of them, in the order of their keys. */
  list(): AsyncIterable<{ readonly sha256: Sha256; readonly size: number }>
  /** Throws where it does not answer as a bucket does. */
  ping(): Promise<void>
  close(): void
}

/** `prefix/sha256/ab/<hex>` */
export function keyOf(prefix: string, sha256: Sha256): string {
  return `${folderOf(prefix)}${sha256.slice(0, 2)}/${sha256}`
}

/** What all keys begin with. */
export function folderOf(prefix: string): string {
  return prefix === '' ? 'sha256/' : `${prefix}/sha256/`
}

/** `undefined` where it is the key of none. */
export function digestIn(prefix: string, key: string): Sha256 | undefined {
  const [, digest] = /\/([0-9a-f]{64})$/.exec(key) ?? []
  return digest !== undefined && key === keyOf(prefix, digest as Sha256) ? (digest as Sha256) : undefined
}
