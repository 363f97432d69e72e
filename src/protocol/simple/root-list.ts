import { Transform } from 'node:stream'
import { GateError } from '../../domain/base/errors.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { escapeHtml } from './simple-html.ts'

/** One member of `projects` (PEP 691), as it goes on. */
interface RootEntry {
  /** as the upstream spells it */
  readonly name: string
  readonly serial: string | undefined
}

/** An object without an object in it: names hold neither braces nor quotes. */
const ENTRY = /\{[^{}]*\}/g
const NAME = /"name"\s*:\s*"([^"\\]{1,255})"/
const SERIAL = /"_last-serial"\s*:\s*(\d{1,15})\b/
/** characters; a longer member is none of a list of projects */
const LONGEST_PENDING = 65_536

const HTML_HEAD = `<!DOCTYPE html>
<html>
  <head>
    <meta name="pypi:repository-version" content="1.4">
    <title>Simple index</title>
  </head>
  <body>
`
const HTML_TAIL = '  </body>\n</html>\n'

/** Turns the root list's JSON into HTML while it streams: it has tens of megabytes. */
export function rootListToHtml(): Transform {
  return rebuild({
    head: HTML_HEAD,
    entry: ({ name }) => `    <a href="${tryProjectName(name)}/">${escapeHtml(name)}</a><br />\n`,
    tail: HTML_TAIL,
  })
}

/** Rebuilds the root list's JSON while it streams: names and serials, nothing else that the upstream put there. */
export function rootListToJson(serial: string | undefined): Transform {
  const meta = serial !== undefined && /^\d{1,15}$/.test(serial) ? `"_last-serial":${serial},` : ''
  let separator = ''
  return rebuild({
    head: `{"meta":{${meta}"api-version":"1.4"},"projects":[`,
    entry({ name, serial: last }) {
      const text = `${separator}{${last === undefined ? '' : `"_last-serial":${last},`}"name":${JSON.stringify(name)}}`
      separator = ','
      return text
    },
    tail: ']}\n',
  })
}

/** The names on a root list, as the upstream spells them, while it streams: what comes out is an object stream of lists, one for each piece. */
export function rootListNames(): Transform {
  return rebuild({ head: undefined, entry: ({ name }) => name, tail: undefined })
}

/** bytes that a list may have, not compressed: some ten times what PyPI's has */
const MOST = 512 * 1024 * 1024
/** bytes that are read at once: a thousand names, in a few milliseconds */
const AT_ONCE = 16 * 1024

/** What an index sends, unfolded, goes through it piece by piece, and not without end. */
export function boundedRootList(most = MOST): Transform {
  let seen = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length
      if (seen > most)
        return done(new GateError('unknown-upstream', `the list of all projects has more than ${most} bytes`))
      for (let from = 0; from < chunk.length; from += AT_ONCE) this.push(chunk.subarray(from, from + AT_ONCE))
      done()
    },
  })
}

/** Without a head and a tail it is a stream of lists of entries, of which one at a time is there. */
function rebuild(form: {
  readonly head: string | undefined
  readonly entry: (entry: RootEntry) => string
  readonly tail: string | undefined
}): Transform {
  let pending = ''
  let depth = 0
  const decoder = new TextDecoder()
  const entries = form.head === undefined
  const convert = (text: string): readonly string[] =>
    Array.from(text.matchAll(ENTRY)).flatMap(([member]) => {
      const name = NAME.exec(member)?.[1]
      if (name === undefined || tryProjectName(name) === undefined) return []
      return form.entry({ name, serial: SERIAL.exec(member)?.[1] })
    })
  return new Transform({
    readableObjectMode: entries,
    ...(entries ? { readableHighWaterMark: 1 } : {}),
    construct(done) {
      if (form.head !== undefined) this.push(form.head)
      done()
    },
    transform(chunk: Buffer, _encoding, done) {
      const text = decoder.decode(chunk, { stream: true })
      depth += braces(text)
      pending += text
      const end = pending.lastIndexOf('}') + 1
      const ready = pending.slice(0, end)
      pending = pending.slice(end)
      if (pending.length > LONGEST_PENDING) return done(new Error('a root list with a member that never ends'))
      const made = convert(ready)
      if (!entries) return done(null, made.join(''))
      done(null, made.length === 0 ? undefined : made)
    },
    flush(done) {
      if (depth !== 0) return done(new Error('a root list that ends early'))
      if (form.tail === undefined) done()
      else done(null, form.tail)
    },
  })
}

/** opened, less closed */
function braces(text: string): number {
  let count = 0
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code === 0x7b) count += 1
    else if (code === 0x7d) count -= 1
  }
  return count
}
