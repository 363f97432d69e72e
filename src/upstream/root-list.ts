import { GateError } from '../domain/base/errors.ts'
import type { OpenedRootList, RootList } from '../ports/outward.ts'
import { SIMPLE_HTML } from '../protocol/simple/project-page.ts'
import { parseUpstreamBase } from '../protocol/simple/upstream-base.ts'
import type { UpstreamAgent } from './agent.ts'
import { type Answer, single } from './exchange.ts'
import { unexpected } from './fetch-small.ts'
import { discard, follow } from './follow.ts'

const WHO = 'the index'
const JSON_TYPE = 'application/vnd.pypi.simple.v1+json'
const CODINGS = ['gzip', 'identity'] as const

/** The upstream's list of all projects. It is asked for in one form, so nothing of a client's request can reach it. */
export function createRootList(options: {
  readonly agent: UpstreamAgent
  /** `upstream.index` */
  readonly index: string
}): RootList {
  const base = parseUpstreamBase(options.index, 'upstream.index')
  const url = new URL(`${base.href}/simple/`)
  const usual = { accept: JSON_TYPE, 'accept-encoding': 'gzip' }
  return {
    async open(known) {
      const { signal } = new AbortController()
      const headers = known === undefined ? usual : { ...usual, 'if-none-match': known }
      const hop = { who: WHO, what: 'root-list', method: 'GET', url, headers, signal } as const
      const { answer } = await follow(options.agent, hop, to => options.agent.mayLead(url, to))
      const isHtml = isInHtml(answer)
      if (!isHtml && (known === undefined || answer.status !== 304)) return openedFrom(answer)
      discard(answer)
      return isHtml ? { kind: 'other-form' } : { kind: 'unchanged' }
    },
  }
}

function isInHtml({ status, headers }: Answer): boolean {
  const type = single(WHO, headers, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return status === 200 && SIMPLE_HTML.some(html => html === type)
}

/** What goes on of an answer: its body, how it is coded, its serial and its tag; nothing else that the upstream says. */
function openedFrom(answer: Answer): OpenedRootList {
  try {
    const { body, headers } = answer
    const [serial, etag] = [single(WHO, headers, 'x-pypi-last-serial'), single(WHO, headers, 'etag')]
    return { kind: 'list', body, coding: codingOf(answer), serial, etag }
  } catch (error) {
    discard(answer)
    throw error
  }
}

function codingOf(answer: Answer): OpenedRootList['coding'] {
  const { status, headers } = answer
  if (status === 404) throw new GateError('not-found', `${WHO} serves no list of its projects`)
  const type = single(WHO, headers, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  const said = single(WHO, headers, 'content-encoding')?.trim().toLowerCase() ?? 'identity'
  const coding = CODINGS.find(known => known === said)
  if (status !== 200 || type === undefined || coding === undefined) throw unexpected(WHO, answer)
  if (type !== JSON_TYPE) throw new GateError('unknown-upstream', `${WHO} has no list of its projects in JSON`)
  return coding
}
