import { inGroups, joinInSteps, type Steps } from '../../flow/steps.ts'
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
