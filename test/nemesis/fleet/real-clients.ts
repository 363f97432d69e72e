import type { Test } from 'tap'
import { clientOf } from '../../clients/set-up/clients.ts'
import { openSite } from '../../clients/set-up/site.ts'
import { prepareAll } from '../../clients/set-up/tools.ts'

/** What became of installs by clients as people have them. */
export interface Installs {
  readonly ran: number
  readonly installed: number
  /** what was printed though it must not be */
  readonly strange: readonly string[]
  /** why none ran, of each that could not */
  readonly missing: readonly string[]
}

const WANTED = ['calmone==1.1', 'calmtwo==1.0']
/** What the README says that a client may see: an answer that says "later", or a connection that broke. */
const TOLD =
  /unknown-|overloaded|50[234]|[Cc]onnection|[Tt]imed? ?out|[Rr]eset|IncompleteRead|error sending request|error decoding|body error|closed|EOF/
/** A page that cannot be told: pip gives up after its tries, and says no more than this of it. */
const TOLD_BY_PIP = /\(from versions: none\)/
const NEVER = /DO NOT MATCH|[Hh]ash mismatch|Refused by policy|Server message: Refused/

function isTold(client: string, text: string): boolean {
  return TOLD.test(text) || (client.startsWith('pip') && TOLD_BY_PIP.test(text))
}

/** pip and uv install through the balancer, one after the other and without a cache, until it is over. */
export async function installOnAndOn(t: Test, url: string, isOver: () => boolean): Promise<Installs> {
  const prepared = await prepareAll(['pip 26.3', 'uv'])
  const missing: string[] = []
  const strange: string[] = []
  let [ran, installed] = [0, 0]
  const clients = [...prepared.values()].flatMap(({ tool, skip }) => {
    if (tool === undefined) missing.push(String(skip))
    return tool === undefined ? [] : [clientOf(tool)]
  })
  const site = clients.length === 0 ? undefined : await openSite(t)
  while (site !== undefined && !isOver())
    for (const client of clients) {
      if (isOver()) break
      site.emptyHome()
      await site.emptyEnvironment()
      const { code, text } = await client.install(site, { gate: url, requirements: WANTED })
      ran += 1
      const there = site.installed()
      if (code === 0 && there.join(' ') === 'calmone-1.1 calmtwo-1.0') installed += 1
      else if (code === 0 || NEVER.test(text) || !isTold(client.name, text))
        strange.push(`${client.name} ended with ${code}, ${there.join(' ')}: ${text.slice(-1_500)}`)
    }
  return { ran, installed, strange, missing }
}
