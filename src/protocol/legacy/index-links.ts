import { isJsonObject } from '../text/json.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** Keys of `info` that lead to pages of the index itself: they stay, and lead nowhere. */
const INDEX_LINKS: ReadonlySet<string> = new Set([
  'package_url',
  'project_url',
  'release_url',
  'download_url',
  'bugtrack_url',
  'docs_url',
])
/** What a file or a project is called is no link, whatever it looks like. */
const NAMES: ReadonlySet<string> = new Set(['name', 'version', 'filename'])
/** The public index under any of its names, linked or only mentioned: a README's badge says it too. */
const PUBLIC_INDEX = ['pypi.org', 'pythonhosted.org']
const DELIMITER = /([\s"'<>()[\]{}|\\^`,;]+)/

function isName(key: string, value: unknown): boolean {
  return NAMES.has(key) && typeof value === 'string' && !value.includes('/')
}

/**
 * The JSON value without anything that leads to the index: a text that is such a link goes with its key, one that holds
 * such a link loses it. Links to other places stay.
 */
export function withoutIndexLinks(document: JsonObject, origins: readonly string[]): JsonObject {
  // "//host:port", so that links without a scheme count too
  const marks = [...PUBLIC_INDEX, ...origins.map(origin => origin.slice(origin.indexOf('//')).toLowerCase())]
  const leads = (text: string): boolean => {
    const lower = text.toLowerCase()
    return marks.some(mark => lower.includes(mark))
  }

  function clean(value: unknown): unknown {
    if (typeof value === 'string') return leads(value) ? cleanText(value) : value
    if (Array.isArray(value)) return value.map(clean).filter(item => item !== undefined)
    return isJsonObject(value) ? cleanObject(value) : value
  }

  function cleanObject(object: JsonObject): JsonObject {
    const entries = Object.entries(object).flatMap(([key, value]) => {
      if (leads(key)) return []
      const cleaned = INDEX_LINKS.has(key) ? null : isName(key, value) ? value : clean(value)
      return cleaned === undefined ? [] : [[key, cleaned] as const]
    })
    return Object.fromEntries(entries)
  }

  /** Word by word, which stays linear however long the text is. */
  function cleanText(text: string): string | undefined {
    const words = text.split(DELIMITER)
    return words.length === 1 ? undefined : words.filter(word => !leads(word)).join('')
  }

  return cleanObject(document)
}
