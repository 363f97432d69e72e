import { parse, TomlError } from 'smol-toml'
import { isJsonObject } from '../text/json.ts'
import { type LockText, wrongLock } from './lock.ts'

export type Table = Readonly<Record<string, unknown>>

/** A package of the file, and the line of its header. */
export interface PackageTable {
  readonly table: Table
  readonly line: number
}

export interface TomlLock {
  readonly root: Table
  /** under `[[package]]`, or whatever the format calls it */
  readonly packages: readonly PackageTable[]
}

const LARGEST = 64 * 1024 * 1024

/** Throws `usage` with the line for what is no TOML, and for a list of packages that is none. */
export function readToml({ path, text }: LockText, keys: readonly string[]): TomlLock {
  if (text.length > LARGEST) throw wrongLock(path, 1, 'the file is larger than 64 MiB')
  const root = parseToml(path, text)
  const packages = keys.flatMap(key => {
    const tables = tablesOf(root[key])
    if (tables === undefined) throw wrongLock(path, 1, `${key} is not a list of tables`)
    const lines = headerLines(text, key)
    // a header inside a text of several lines would shift all others
    const placed = lines.length === tables.length
    return tables.map((table, index) => ({ table, line: placed ? (lines[index] ?? 1) : 1 }))
  })
  return { root, packages }
}

function tablesOf(listed: unknown): readonly Table[] | undefined {
  if (listed === undefined) return []
  return Array.isArray(listed) && listed.every(isJsonObject) ? listed : undefined
}

function parseToml(path: string, text: string): Table {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof TomlError) throw wrongLock(path, error.line, `not TOML: ${error.message.split('\n')[0]}`)
    if (error instanceof RangeError) throw wrongLock(path, 1, 'nested too deeply')
    throw error
  }
}

function headerLines(text: string, key: string): readonly number[] {
  const header = `[[${key}]]`
  return text.split('\n').flatMap((line, index) => (line.trimStart().startsWith(header) ? [index + 1] : []))
}

export function table(value: unknown): Table {
  return isJsonObject(value) ? value : {}
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Where a file's table says that it is taken from: a URL, a path beside the lock, or both. */
export function placesOf(value: unknown): readonly string[] {
  const { url, path } = table(value)
  return [optionalText(url), optionalText(path)].filter(place => place !== undefined)
}
