import { candidateProjects, isListedFilename, parseDistFilename } from '../../domain/packaging/filename.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { type Attributes, TagTooLong, walkTags } from './html-tags.ts'
import { MOST_FILES } from './project-index.ts'

/** A page in HTML, in the spelling of one in JSON. */
export interface HtmlPage extends Readonly<Record<string, unknown>> {
  /** against which its links are resolved */
  readonly base: string
  readonly files: readonly HtmlFile[]
}

interface HtmlFile extends Readonly<Record<string, unknown>> {
  readonly filename: string
  /** whatever the link says behind its `#` */
  readonly hashes: Readonly<Record<string, string>>
}

/** What a document holds of what is looked for. */
interface Found {
  readonly anchors: Attributes[]
  /** `meta` elements, by their name */
  readonly meta: Map<string, string>
  base: string | undefined
  /** text of its title and headings, each on a line */
  heading: string
  /** somebody is to say who they are */
  asksForPassword: boolean
}

const HEADINGS: ReadonlySet<string> = new Set(['title', 'h1'])
const LONGEST_HEADING = 1_024
/** A project page has three. */
const MOST_META = 64

/**
 * Reads a project page of the HTML form (PEP 503, 592, 629, 658, 714, 740, 792), as installers do: the links alone count, and
 * a file is called what its URL says. `undefined` for a document that is not to be believed to be the page of this project, such as
 * the sign-in page of a proxy, whatever it links to, or the page of another one: that would look like a project whose files were
 * all removed. A page that lists files lists one of the project, or is headed by its name. Throws {@link TagTooLong} for one that
 * holds more than pages do.
 */
export function readHtmlPage(bytes: Uint8Array, pageUrl: string, project: ProjectName): HtmlPage | undefined {
  const found = walk(new TextDecoder('utf-8').decode(bytes))
  const { anchors, meta, base: given, heading } = found
  if (found.asksForPassword) return undefined
  const base = URL.parse(given ?? '', pageUrl)?.href ?? pageUrl
  const files = sayProvenance(anchors.map(anchor => readAnchor(anchor, base)).filter(file => file !== undefined))
  const version = meta.get('pypi:repository-version')
  const isOurs = files.some(file => isFileOf(file, project)) || isPageWithout(heading, files, { project, version })
  if (!isOurs) return undefined
  const status = meta.get('pypi:project-status')
  return {
    base,
    files,
    // PEP 629: a page without a version is one of 1.0
    meta: { 'api-version': version ?? '1.0' },
    ...(status === undefined ? {} : { 'project-status': { status, reason: meta.get('pypi:project-status-reason') } }),
  }
}

/** A page on which no link is a file of the project: it may have none, and some files have names that are nobody's. */
function isPageWithout(
  heading: string,
  files: HtmlPage['files'],
  { project, version }: { readonly project: ProjectName; readonly version: string | undefined },
): boolean {
  const headed = /\blinks for\b[ \t]*(?<name>[a-z0-9][a-z0-9._-]*)?/i.exec(heading)
  const name = headed?.groups?.['name']
  if (name !== undefined) return tryProjectName(name) === project
  return files.length === 0 && (headed !== null || version !== undefined)
}

/**
 * Whether a link is to a file that this project may have: a distribution of it, or what is called like it and comes with a digest,
 * or is of a kind that nobody but an index has.
 */
function isFileOf({ filename, hashes }: HtmlFile, project: ProjectName): boolean {
  if (parseDistFilename(filename, project) !== undefined) return true
  const egg = hashes['egg']
  if (egg !== undefined && (tryProjectName(egg) === project || candidateProjects(`${egg}.zip`).includes(project)))
    return true
  const isTold = Object.keys(hashes).length > 0 || OLD_KINDS.test(filename)
  return isTold && candidateProjects(filename).includes(project)
}

const OLD_KINDS = /\.(?:egg|exe|msi)$/

function walk(html: string): Found {
  const found: Found = { anchors: [], meta: new Map(), base: undefined, heading: '', asksForPassword: false }
  let inHeading = false
  walkTags(html, {
    open(name, attributes) {
      inHeading ||= HEADINGS.has(name)
      take(found, name, attributes)
    },
    text(text) {
      if (inHeading && found.heading.length < LONGEST_HEADING) found.heading += text
    },
    close(name) {
      if (!HEADINGS.has(name)) return
      inHeading = false
      found.heading += '\n'
    },
  })
  return found
}

function take(found: Found, name: string, attributes: Attributes): void {
  if (found.anchors.length > MOST_FILES || found.meta.size > MOST_META) throw new TagTooLong('more links than files')
  if (name === 'a') found.anchors.push(attributes)
  else if (name === 'input') found.asksForPassword ||= attributes['type']?.toLowerCase() === 'password'
  // of several, the first holds (HTML, 4.2.3)
  else if (name === 'base') found.base ??= attributes['href']
  else if (name === 'meta') {
    const { name: key = '', content = '' } = attributes
    if (!found.meta.has(key.toLowerCase())) found.meta.set(key.toLowerCase(), content.trim())
  }
}

/** What installers, old and new, take for a file of a project. */
const FILES = /\.(?:whl|zip|egg|exe|msi|tar|t(?:ar\.)?(?:gz|bz2?|xz|lz|lzma|Z))$/

/** The entry that an anchor stands for; `undefined` for a link that leads to no file. */
function readAnchor(attributes: Attributes, base: string): HtmlFile | undefined {
  const { href = '' } = attributes
  const url = href === '' ? null : URL.parse(href, base)
  if (url === null) return undefined
  const filename = decoded(url.pathname.slice(url.pathname.lastIndexOf('/') + 1))
  const hashes = pairsOf(url.hash.slice(1))
  if (!isListedFilename(filename) || !(FILES.test(filename) || 'sha256' in hashes)) return undefined
  const provenance = attributes['data-provenance']
  return {
    filename,
    url: url.href,
    hashes,
    'requires-python': attributes['data-requires-python'],
    yanked: attributes['data-yanked'],
    'core-metadata': readMetadata(attributes['data-core-metadata']),
    'data-dist-info-metadata': readMetadata(attributes['data-dist-info-metadata']),
    ...(provenance === undefined || provenance === '' ? {} : { provenance }),
  }
}

/** PEP 740: a link without the attribute has none, on a page that knows of it; a version alone may be some proxy's. */
function sayProvenance(files: HtmlPage['files']): HtmlPage['files'] {
  return files.some(file => 'provenance' in file) ? files.map(file => ({ provenance: null, ...file })) : files
}

/** `+` and `!` stand percent-encoded in many an index; what is no UTF-8 is no file name either. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}

/** `sha256=…`, `true`, or nothing that is offered. */
function readMetadata(text: string | undefined): Readonly<Record<string, string>> | boolean {
  return text?.includes('=') ? pairsOf(text) : text === 'true'
}

/**
 * `sha256=…&egg=…`: whatever algorithms there are; what they say is read later, as it is in JSON. A name that comes twice with
 * different values is kept in both cases, so that the contradiction is seen there.
 */
function pairsOf(text: string): Readonly<Record<string, string>> {
  const pairs = new Map<string, string>()
  for (const pair of text.split('&')) {
    const at = pair.indexOf('=')
    const [name, value] = [pair.slice(0, Math.max(0, at)).toLowerCase(), pair.slice(at + 1)]
    if (name !== '') pairs.set((pairs.get(name) ?? value) === value ? name : name.toUpperCase(), value)
  }
  return Object.fromEntries(pairs)
}
