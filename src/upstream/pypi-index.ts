import { GateError } from '../domain/base/errors.ts'
import { createDocuments, type Documents } from '../parse/documents.ts'
import type { Index } from '../ports/outward.ts'
import { SIMPLE_HTML, SIMPLE_JSON } from '../protocol/simple/project-page.ts'
import { parseUpstreamBase } from '../protocol/simple/upstream-base.ts'
import type { UpstreamAgent } from './agent.ts'
import { type AnswerHeaders, single } from './exchange.ts'
import { fetchCoded, type SmallRequest } from './fetch-small.ts'
import { isConnectionFailure } from './upstream-failure.ts'

const WHO = 'the index'
const PAGE_TYPES = [SIMPLE_JSON, ...SIMPLE_HTML]
/** JSON says more; which one it is, is told by the type of the answer (PEP 691). */
const ACCEPT = `${SIMPLE_JSON}, ${SIMPLE_HTML.map((type, at) => `${type};q=0.${2 - at}`).join(', ')}`
/** Where the pages of projects lie below the index's URL. */
type Folder = 'simple/' | '+simple/' | ''
/** Which of them is asked after `simple/`, where the index's URL has a path: devpi's, and the URL's own. */
const OTHERS = ['+simple/', ''] as const
type Question = Parameters<Index['project']>
type PageAnswer = Awaited<ReturnType<Index['project']>>
const MOST_PAGE = 128 * 1024 * 1024
const MOST_LEGACY = 64 * 1024 * 1024

/**
 * Project pages and the legacy JSON API of an index. A page comes as JSON (PEP 691) or, from an index that knows nothing else,
 * as HTML (PEP 503), which tells neither sizes nor times of upload.
 */
export function createIndex(options: {
  readonly agent: UpstreamAgent
  /** `upstream.index` */
  readonly index: string
  /** `upstream.files` */
  readonly files: readonly string[]
  /** where large documents are read; default: threads of its own, which end by themselves */
  readonly documents?: Documents
}): Index {
  const { agent, documents = createDocuments() } = options
  const base = parseUpstreamBase(options.index, 'upstream.index')
  const fileBases = options.files.map(text => parseUpstreamBase(text, 'upstream.files'))

  async function askPage(folder: Folder, ...[name, known, asking]: Question): Promise<PageAnswer> {
    const etag = known?.etag
    const request: SmallRequest = {
      who: WHO,
      what: 'page',
      asking,
      url: new URL(`${base.href}/${folder}${name}/`),
      headers: {
        accept: ACCEPT,
        'accept-encoding': 'gzip',
        ...(etag === undefined ? {} : { 'if-none-match': etag }),
      },
      types: PAGE_TYPES,
      most: MOST_PAGE,
    }
    return await fetchCoded(agent, request, async answer => {
      if (answer.status === 404) return { kind: 'absent' }
      if (answer.status === 304) {
        if (etag === undefined) throw unconditional()
        return { kind: 'unchanged' }
      }
      const { document, headers, url, mediaType } = answer
      const fileOrigins = fileBases.map(({ href }) => href)
      const context = { project: name, pageUrl: url.href, fileOrigins, serial: serialOf(headers) }
      const page = await documents.page(document, mediaType, context, asking?.asker)
      return { kind: 'page', index: page, etag: etagOf(headers) }
    })
  }

  return {
    project: findFolder(base, askPage),

    async legacy(name, version, asking) {
      const path = version === undefined ? name : `${name}/${encodeURIComponent(version)}`
      const request: SmallRequest = {
        who: WHO,
        what: 'legacy',
        asking,
        url: new URL(`${base.href}/pypi/${path}/json`),
        headers: { accept: 'application/json', 'accept-encoding': 'gzip' },
        types: ['application/json'],
        most: MOST_LEGACY,
      }
      return await fetchCoded(agent, request, async answer => {
        if (answer.status === 404) return { kind: 'absent' }
        if (answer.status === 304) throw unconditional()
        const origins = [base.origin, ...fileBases.map(({ origin }) => origin)]
        const context = { project: name, serial: serialOf(answer.headers), origins }
        return { kind: 'json', json: await documents.legacy(answer.document, context, asking?.asker) }
      })
    },
  }
}

/**
 * An index whose URL has a path may be named by its pages' own folder: PyTorch's (`/whl/cpu/<project>/`) has no other, and many
 * a configuration says `…/simple`; devpi has `+simple/` in place of `simple/`. The first page of any that lists a file with its sha256
 * decides for good: one that lists none may be one odd answer. Until then every question is up to three; of the other folders nothing
 * else is believed to be a page.
 */
function findFolder(
  { href, origin }: ReturnType<typeof parseUpstreamBase>,
  ask: (folder: Folder, ...question: Question) => Promise<PageAnswer>,
): Index['project'] {
  let found: Folder | undefined = href === origin ? 'simple/' : undefined

  /** Without a condition: what is known may be of the other folder. */
  async function askOther(folder: Folder, ...[name, , asking]: Question): Promise<PageAnswer | undefined> {
    try {
      const answer = await ask(folder, name, undefined, asking)
      return listsFiles(answer) ? answer : undefined
    } catch (error) {
      if (error instanceof GateError) return undefined // what the first folder said stands
      throw error
    }
  }

  return async (...question) => {
    if (found !== undefined) return await ask(found, ...question)
    const [usual] = await Promise.allSettled([ask('simple/', ...question)])
    if (usual.status === 'fulfilled' && listsFiles(usual.value)) {
      found ??= 'simple/'
      return usual.value
    }
    if (usual.status === 'rejected' && !isAnswer(usual.reason)) throw usual.reason
    for (const folder of OTHERS) {
      const own = await askOther(folder, ...question)
      if (own === undefined) continue
      found ??= folder
      return own
    }
    if (usual.status === 'fulfilled') return usual.value
    throw usual.reason
  }
}

function listsFiles(answer: PageAnswer): boolean {
  return answer.kind === 'page' && answer.index.files.some(({ sha256 }) => sha256 !== undefined)
}

/** Something was answered, only not a page: another folder may have one. */
function isAnswer(error: unknown): boolean {
  return error instanceof GateError && error.code === 'unknown-upstream' && !isConnectionFailure(error)
}

function unconditional(): GateError {
  return new GateError('unknown-upstream', `${WHO} answered 304 to a request without a condition`)
}

function serialOf(headers: AnswerHeaders): number | undefined {
  const text = single(WHO, headers, 'x-pypi-last-serial')
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** RFC 9110, 8.8.3; whatever is not an entity tag is not sent back. */
function etagOf(headers: AnswerHeaders): string | undefined {
  const text = single(WHO, headers, 'etag')
  return text !== undefined && /^(?:W\/)?"[\x21\x23-\x7e]{1,250}"$/.test(text) ? text : undefined
}
