import { importsOf } from './floors.ts'

/** The rooms of a floor: each says in one sentence what it is for, and names the rooms beside it that it may enter. */
export const ROOMS: Readonly<
  Record<string, Readonly<Record<string, { readonly is: string; readonly enters: string }>>>
> = {
  domain: {
    base: {
      is: 'what everything is made of: brands, digests, times, globs, and the catalogues of what is refused or cannot be answered',
      enters: '',
    },
    packaging: {
      is: 'names, versions, file names and files of Python packages, as an index lists them and as a mirror holds them',
      enters: 'base',
    },
    identity: { is: 'who signed: claims, attestations, publishers, signers', enters: 'base' },
    access: { is: 'tokens, whom they are for, and whom claims of a workload name', enters: 'base' },
    memory: {
      is: 'what was seen of a project, and how what was learned apart is put together',
      enters: 'base packaging identity',
    },
    policy: {
      is: 'rules, exemptions, revocations, and what tells two policies apart',
      enters: 'base packaging identity',
    },
    sources: {
      is: 'several upstreams: whose a name is, and what could be taken for it',
      enters: 'base packaging',
    },
    decide: {
      is: 'the verdict, and everything that speaks for or against a file',
      enters: 'base packaging identity memory policy',
    },
    requests: {
      is: 'what may be asked and approved, by whom, and what an approval says',
      enters: 'base packaging identity policy decide',
    },
  },
  protocol: {
    text: { is: 'strict JSON, and texts as people and lines take them', enters: '' },
    yaml: { is: 'YAML with the place of everything in it, and diagnostics that name it', enters: '' },
    metadata: {
      is: 'METADATA of a wheel, and what the build of a source distribution requires: found in the archive, and read',
      enters: '',
    },
    simple: {
      is: 'the index: Simple API, the root list, negotiation, what an upstream may be',
      enters: 'text',
    },
    legacy: { is: 'the JSON API beside it, in pieces of its text', enters: 'text simple' },
    attest: { is: 'provenance documents, checkpoints and envelopes', enters: 'text' },
    clauses: { is: 'what a policy file may say: its schema, and each part of it as a value', enters: 'yaml' },
    policy: { is: 'policy files to one immutable policy, checked as a whole, and back', enters: 'yaml clauses' },
    amend: { is: 'policy files and pins changed in place, all else kept to the byte', enters: 'yaml clauses policy' },
    carry: { is: 'plans, manifests and files of a mirror', enters: 'text' },
    lockfiles: { is: 'locks of the clients', enters: 'text' },
    webhooks: { is: 'what somebody is told, as receivers of webhooks take it, and their secrets', enters: '' },
    api: { is: 'calls of the console’s API: what each takes and answers, and OpenAPI made of it', enters: 'text' },
    answers: { is: 'problem documents, and tables of every code', enters: '' },
  },
  verify: {
    evidence: { is: 'one document against one file', enters: '' },
    trust: { is: 'the trust root and its refresh', enters: 'evidence' },
    workers: { is: 'verification beside the thread that answers', enters: 'evidence' },
  },
  store: {
    failure: { is: 'what a disk or a database says, as "cannot tell"', enters: '' },
    audit: { is: 'what people did, as rows that are chained', enters: '' },
    sqlite: { is: 'what is known, in one database', enters: 'failure audit sessions' },
    documents: { is: 'small documents by content, in the database', enters: 'sqlite' },
    shared: { is: 'what several gates agree on before they admit, and what they do while they cannot', enters: '' },
    postgres: {
      is: 'what is known, in a database that several gates share',
      enters: 'failure audit shared sqlite sessions',
    },
    disk: { is: 'bytes by content, in one folder', enters: 'failure sqlite documents' },
    s3: { is: 'bytes that several gates share, in a bucket', enters: 'failure' },
    leases: { is: 'whose turn it is, among gates', enters: '' },
    held: { is: 'what a mirror holds, in the place of an upstream', enters: '' },
    ledger: { is: 'what was written down by columns, on a thread of its own, for lists and sums', enters: 'failure' },
    sessions: { is: 'who is signed in, as a row keeps him', enters: '' },
  },
  gate: {
    policy: { is: 'the policy in force, and its files', enters: '' },
    find: { is: 'what the index lists now, and whether a listed file is sound', enters: 'policy' },
    judge: { is: 'from an artifact to a verdict', enters: 'policy' },
    files: { is: 'admitted bytes', enters: '' },
    pages: { is: 'index pages from what is known', enters: 'policy find judge' },
    explain: { is: 'the verdict for a person, with all that it rests on', enters: 'policy find judge pages' },
    report: { is: 'what locks name, told without a policy, and how two locks differ', enters: 'find judge explain' },
    sources: { is: 'several upstreams as one, each name asked where it belongs', enters: '' },
    builds: { is: 'what building a source distribution takes besides', enters: 'explain' },
    records: { is: 'what was written down, read back', enters: '' },
    revoked: { is: 'what was given out before it was revoked, and to whom', enters: 'records' },
    requests: {
      is: 'what people ask to be let through, and what others decide about it',
      enters: 'policy records',
    },
    mirror: { is: 'what is carried to a network without a network', enters: 'policy explain files' },
    notices: {
      is: 'what somebody is told without looking, when, and how often it is tried',
      enters: 'revoked',
    },
  },
  http: {
    exchange: { is: 'one request, who makes it, and its answer', enters: '' },
    door: { is: 'every request in, past the guard, and to its route', enters: 'exchange' },
    access: {
      is: 'who asks: credentials, what is said to those who have none, and how often they may guess',
      enters: 'exchange door',
    },
    packages: { is: 'what clients ask for', enters: 'exchange door' },
    markup: { is: 'HTML, with what stands in it escaped', enters: '' },
    people: { is: 'pages for people, and for who operates the gate', enters: 'exchange door markup' },
    console: {
      is: 'the console, on a listener of its own: who is signed in, and every page, form and call of it',
      enters: 'exchange door access markup',
    },
  },
  cli: {
    terminal: { is: 'what a terminal shows and a file takes', enters: '' },
    command: { is: 'what every command is made of', enters: 'terminal' },
    locks: { is: 'locks that are named on a command line, read and judged', enters: 'terminal command' },
    remarks: { is: 'what is to be said at lines of locks, for code scanning and for a runner', enters: 'terminal' },
    report: { is: 'verdicts, locks and replays in text, JSON and JUnit', enters: 'terminal remarks' },
    'report-locks': {
      is: 'who signed what locks name, in text, Markdown, HTML and JSON',
      enters: 'terminal remarks',
    },
    judge: {
      is: 'commands that judge files and locks',
      enters: 'terminal command locks remarks report report-locks',
    },
    policy: {
      is: 'commands of the policy and of what is remembered',
      enters: 'terminal command locks report update approvals',
    },
    approvals: { is: 'commands of what was approved in the console', enters: 'requests terminal command' },
    requests: { is: 'commands that ask a gate about requests, and decide them', enters: 'terminal command' },
    update: { is: 'the command that brings a policy up to date', enters: 'terminal command locks report' },
    access: { is: 'commands of tokens, and of who got what', enters: 'terminal command' },
    console: { is: 'commands of who is signed in to the console, and the end of that', enters: 'terminal command' },
    'audit-log': { is: 'commands of what people did', enters: 'terminal command' },
    notify: { is: 'commands of what webhooks are told', enters: 'terminal command' },
    lock: { is: 'commands that change locks', enters: 'terminal command locks report' },
    mirror: { is: 'commands of a mirror', enters: 'terminal command locks report' },
    manual: { is: 'what the commands say of themselves, for shells and for man', enters: 'command' },
    operate: {
      is: 'commands of whoever runs a gate: the gate, its configuration, its trust root',
      enters: 'terminal command',
    },
  },
}

/** Files of one level beyond which a room is a drawer. */
export const ROOMY = 15

interface Arrow {
  readonly from: string
  readonly to: string
}

/** Every import of one source of these by another, types included. */
export function arrowsIn(sources: ReadonlyMap<string, string>): readonly Arrow[] {
  return [...sources].flatMap(([from, source]) => {
    const targets = importsOf(source)
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ specifier }) => new URL(specifier, `file:///${from}`).pathname.slice(1))
      .filter(to => sources.has(to) && to !== from)
    return [...new Set(targets)].map(to => ({ from, to }))
  })
}

/** `src/gate/find/locate.ts` is on floor `gate`, in room `find`; `src/gate/gate.ts` on the floor's landing, ``. */
export function placeOf(path: string): { readonly floor: string; readonly room: string } {
  const [, floor = '', room = '', ...rest] = path.split('/')
  return { floor, room: rest.length === 0 ? '' : room }
}

/** Doors that are gone through without being open, each as one sentence; nobody but the landing enters every room. */
export function trespassesIn(sources: ReadonlyMap<string, string>): readonly string[] {
  const strays = [...sources.keys()].flatMap(path => {
    const { floor, room } = placeOf(path)
    const known = ROOMS[floor] === undefined || room === '' || ROOMS[floor][room] !== undefined
    return known ? [] : [`${path} stands in a room that nobody described`]
  })
  const arrows = arrowsIn(sources).flatMap(({ from, to }) => {
    const [here, there] = [placeOf(from), placeOf(to)]
    if (here.floor !== there.floor || here.room === there.room || here.room === '') return []
    const open = there.room !== '' && ROOMS[here.floor]?.[here.room]?.enters.split(' ').includes(there.room) === true
    return open || ROOMS[here.floor] === undefined
      ? []
      : [`${from} → ${to}: ${here.room} may not enter ${there.room === '' ? 'the landing' : there.room}`]
  })
  return [...strays, ...arrows]
}

const COMMAND = /^export (?:async )?function add\w+\(\s*\w+: Command\b/m
/** The program, and a group of commands whose file is called as its room. */
const COMPOSER = /^src\/cli\/(?:program|([\w-]+)\/\1)\.ts$/

/** Commands that are imported by anybody but the program and the groups: what two of them need has a file of its own. */
export function borrowingsIn(sources: ReadonlyMap<string, string>): readonly string[] {
  return arrowsIn(sources)
    .filter(({ from, to }) => to.startsWith('src/cli/') && !COMPOSER.test(from) && COMMAND.test(sources.get(to) ?? ''))
    .map(({ from, to }) => `${from} → ${to}: nobody borrows from a command`)
}

/** Import circles, each as its files in order of their names. */
export function circlesIn(sources: ReadonlyMap<string, string>): readonly string[] {
  const next = Map.groupBy(arrowsIn(sources), ({ from }) => from)
  const reach = new Map<string, ReadonlySet<string>>()
  for (const path of sources.keys()) {
    const seen = new Set<string>()
    const open = [path]
    for (let at = open.pop(); at !== undefined; at = open.pop())
      for (const { to } of next.get(at) ?? [])
        if (!seen.has(to)) {
          seen.add(to)
          open.push(to)
        }
    reach.set(path, seen)
  }
  const circles = [...sources.keys()].flatMap(path => {
    const around = [...(reach.get(path) ?? [])].filter(other => reach.get(other)?.has(path) === true)
    return around.length === 0 ? [] : [[...around].sort().join(' ⟷ ')]
  })
  return [...new Set(circles)]
}

/** Folders with more files at one level than a room holds. */
export function drawersIn(paths: Iterable<string>): readonly string[] {
  const folders = Map.groupBy(paths, path => path.slice(0, path.lastIndexOf('/')))
  return [...folders].filter(([, files]) => files.length > ROOMY).map(([folder, files]) => `${folder}: ${files.length}`)
}

/** Arrows between the rooms of each floor, and from its landing; and those of its files. */
export function countArrows(
  sources: ReadonlyMap<string, string>,
): ReadonlyMap<string, { readonly files: number; readonly inside: number; readonly between: readonly string[] }> {
  const floors = Map.groupBy(sources.keys(), path => placeOf(path).floor)
  const arrows = arrowsIn(sources)
  return new Map(
    [...floors].map(([floor, files]) => {
      const inside = arrows.filter(({ from, to }) => placeOf(from).floor === floor && placeOf(to).floor === floor)
      const across = inside.map(({ from, to }) => [endOf(from), endOf(to)] as const).filter(([from, to]) => from !== to)
      const between = [...new Set(across.map(([from, to]) => `${from} → ${to}`))].sort()
      return [floor, { files: files.length, inside: inside.length, between }]
    }),
  )
}

/** A room, or a file that stands in none. */
function endOf(path: string): string {
  const { room } = placeOf(path)
  return room === '' ? path.slice(path.lastIndexOf('/') + 1) : `${room}/`
}
