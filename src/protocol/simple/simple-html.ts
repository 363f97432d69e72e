import { inGroups, joinInSteps, type Steps } from '../../flow/steps.ts'
import type { PageView, ViewedFile } from './page-view.ts'

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const SPECIAL = /[&<>"']/

/** Text made safe inside HTML text and quoted attributes. */
export function escapeHtml(text: string): string {
  return !SPECIAL.test(text) ? text : text.replace(/[&<>"']/g, character => ESCAPES[character] ?? '')
}

function attribute(name: string, value: string): string {
  return ` ${name}="${escapeHtml(value)}"`
}

/** A project page as HTML (PEP 503, frozen by PEP 833), rebuilt from the same view as the JSON. */
export function* renderSimpleHtml(view: PageView): Steps<Buffer> {
  const title = `Links for ${escapeHtml(view.name)}`
  const status = view.minor < 4 ? '' : `    <meta name="pypi:project-status"${attribute('content', view.status)}>\n`
  const reason =
    view.minor < 4 || view.statusReason === undefined
      ? ''
      : `    <meta name="pypi:project-status-reason"${attribute('content', view.statusReason)}>\n`
  const serial = view.serial === undefined ? '' : `<!--SERIAL ${view.serial}-->\n`
  const head = `<!DOCTYPE html>
<html>
  <head>
    <meta name="pypi:repository-version" content="1.${view.minor}">
${status}${reason}    <title>${title}</title>
  </head>
  <body>
    <h1>${title}</h1>
`
  const pieces = [Buffer.from(head)]
  for (const files of inGroups(view.files)) {
    pieces.push(Buffer.from(files.map(file => anchor(file, view.minor)).join('')))
    yield
  }
  pieces.push(Buffer.from(`  </body>\n</html>\n${serial}`))
  return yield* joinInSteps(pieces)
}

function anchor({ file, url, yanked, provenance }: ViewedFile, minor: number): string {
  const { filename, sha256, requiresPython, coreMetadata } = file
  const href = attribute('href', sha256 === undefined ? url : `${url}#sha256=${sha256}`)
  const python = requiresPython === undefined ? '' : attribute('data-requires-python', requiresPython)
  const withdrawn = yanked === false ? '' : attribute('data-yanked', yanked === true ? '' : yanked)
  const metadata =
    coreMetadata === undefined
      ? ''
      : ` data-dist-info-metadata="sha256=${coreMetadata}" data-core-metadata="sha256=${coreMetadata}"`
  const offered = minor < 3 || typeof provenance !== 'string' ? '' : attribute('data-provenance', provenance)
  return `    <a${href}${python}${withdrawn}${metadata}${offered}>${escapeHtml(filename)}</a><br />\n`
}
