import { randomUUID } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256Of } from '../../domain/base/digest.ts'
import { errorCode } from '../../domain/base/error-code.ts'
import { type Instant, instant } from '../../domain/base/instant.ts'
import { isJsonObject } from '../../protocol/text/json.ts'
import type { TufMetadata } from './refresh-messages.ts'

/**
 * What is kept of a TUF repository: its newest metadata (for TUF's own rules against going back), and the trusted root of
 * the last whole refresh with its time. One file, so that the three can never disagree.
 */
export interface TrustRecord {
  readonly metadata: TufMetadata
  readonly inForce: { readonly refreshed: Instant; readonly target: string } | undefined
}

/** Raised whenever the form changes: older files count as absent. */
const FORMAT = 1
const FILE = 'trust.json'

/**
 * The record of one repository in `folder`. `repository` names the URL and the root that it is entered by: what was learned
 * elsewhere is nothing here.
 */
export class TrustRecords {
  readonly #path: string
  readonly #repository: string

  constructor(folder: string, repository: string) {
    this.#path = join(folder, FILE)
    this.#repository = repository
  }

  /** `absent` before the first refresh of this repository; `unreadable` when the file is not what was written. */
  async read(): Promise<TrustRecord | 'absent' | 'unreadable'> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (error) {
      return errorCode(error) === 'ENOENT' ? 'absent' : 'unreadable'
    }
    return this.#decode(text)
  }

  /** On disk wholly or not at all. Throws what the file system throws. */
  async write(record: TrustRecord): Promise<void> {
    const content = JSON.stringify({ format: FORMAT, repository: this.#repository, ...record })
    const temporary = `${this.#path}.${randomUUID()}`
    try {
      const file = await open(temporary, 'wx', 0o600)
      try {
        await file.writeFile(JSON.stringify({ sha256: sha256Of(content), content }))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, this.#path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }

  #decode(text: string): TrustRecord | 'absent' | 'unreadable' {
    const outer = parse(text)
    const content = outer?.['content']
    if (typeof content !== 'string' || sha256Of(content) !== outer?.['sha256']) return 'unreadable'
    const fields = parse(content)
    if (fields?.['format'] !== FORMAT || fields['repository'] !== this.#repository) return 'absent'
    const metadata = readMetadata(fields['metadata'])
    const inForce = fields['inForce'] === undefined ? 'none' : readInForce(fields['inForce'])
    if (metadata === undefined || inForce === undefined) return 'unreadable'
    return { metadata, inForce: inForce === 'none' ? undefined : inForce }
  }
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function readMetadata(value: unknown): TufMetadata | undefined {
  if (!isJsonObject(value)) return undefined
  const texts = Object.entries(value).flatMap(([role, text]) =>
    typeof text === 'string' ? [[role, text] as const] : [],
  )
  return texts.length === Object.keys(value).length ? Object.fromEntries(texts) : undefined
}

function readInForce(value: unknown): TrustRecord['inForce'] {
  const { refreshed, target } = isJsonObject(value) ? value : {}
  if (typeof refreshed !== 'number' || typeof target !== 'string') return undefined
  return Number.isNaN(new Date(refreshed).getTime()) ? undefined : { refreshed: instant(refreshed), target }
}
