import { Transform } from 'node:stream'
import { tryProjectName } from '../domain/name.ts'
import type { PageView, ViewedFile } from './page-view.ts'

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text made safe inside HTML text and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => ESCAPES[character] ?? '')
}

function attribute(name: string, value: string): string {
  return ` ${name}="${escapeHtml(value)}"`
}

/** A project page as HTML (PEP 503, frozen by PEP 833), rebuilt from the same view as the JSON. */
export function renderSimpleHtml(view: PageView): Buffer {
  const title = `Links for ${escapeHtml(view.name)}`
  const status = view.minor < 4 ? '' : `    <meta name="pypi:project-status"${attribute('content', view.status)}>\n`
  const reason =
    view.minor < 4 || view.statusReason === undefined
      ? ''
      : `    <meta name="pypi:project-status-reason"${attribute('content', view.statusReason)}>\n`
  const serial = view.serial === undefined ? '' : `<!--SERIAL ${view.serial}-->\n`
  return Buffer.from(`<!DOCTYPE html>
<html>
  <head>
    <meta name="pypi:repository-version" content="1.${view.minor}">
${status}${reason}    <title>${title}</title>
  </head>
  <body>
    <h1>${title}</h1>
${view.files.map(file => anchor(file, view.minor)).join('')}  </body>
</html>
${serial}`)
}

function anchor({ file, url, yanked, provenance }: ViewedFile, minor: number): string {
  const attributes = [
    attribute('href', file.sha256 === undefined ? url : `${url}#sha256=${file.sha256}`),
    file.requiresPython === undefined ? '' : attribute('data-requires-python', file.requiresPython),
    yanked === false ? '' : attribute('data-yanked', yanked === true ? '' : yanked),
    file.coreMetadata === undefined
      ? ''
      : attribute('data-dist-info-metadata', `sha256=${file.coreMetadata}`) +
        attribute('data-core-metadata', `sha256=${file.coreMetadata}`),
    minor < 3 || typeof provenance !== 'string' ? '' : attribute('data-provenance', provenance),
  ]
  return `    <a${attributes.join('')}>${escapeHtml(file.filename)}</a><br />\n`
}

const ROOT_HEAD = `<!DOCTYPE html>
<html>
  <head>
    <meta name="pypi:repository-version" content="1.4">
    <title>Simple index</title>
  </head>
  <body>
`
const ROOT_TAIL = '  </body>\n</html>\n'
/** One entry of `projects`; a name holds no quote and no backslash, so this finds them wherever a chunk ends. */
const ROOT_ENTRY = /"name"\s*:\s*"([^"\\]{1,255})"/g

const LONGEST_PENDING = 65_536

/** Turns the root list's JSON (PEP 691) into HTML while it streams: it has tens of megabytes. */
export function rootListJsonToHtml(): Transform {
  let pending = ''
  const decoder = new TextDecoder()
  const convert = (text: string): string =>
    Array.from(text.matchAll(ROOT_ENTRY), ([, name = '']) => {
      const normal = tryProjectName(name)
      return normal === undefined ? '' : `    <a href="${normal}/">${escapeHtml(name)}</a><br />\n`
    }).join('')
  return new Transform({
    construct(done) {
      this.push(ROOT_HEAD)
      done()
    },
    transform(chunk: Buffer, _encoding, done) {
      pending += decoder.decode(chunk, { stream: true })
      const last = pending.lastIndexOf('}')
      const ready = last < 0 ? '' : pending.slice(0, last + 1)
      pending = pending.slice(ready.length)
      if (pending.length > LONGEST_PENDING) return done(new Error('a root list with an entry that never ends'))
      done(null, convert(ready))
    },
    flush(done) {
      done(null, convert(pending + decoder.decode()) + ROOT_TAIL)
    },
  })
}
