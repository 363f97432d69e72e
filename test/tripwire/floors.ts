/** The floors of the house: imports only go down, and not down every staircase. */
const FLOORS: readonly (readonly [path: RegExp, floor: number])[] = [
  [/^src\/domain\//, 0],
  [/^src\/(?:protocol\/|config\/|flow\/|ports\/|observe\/events\.ts$)/, 1],
  [/^src\/(?:verify|parse)\//, 2],
  [/^src\/(?:upstream|store|carry)\//, 3],
  [/^src\/gate\//, 4],
  [/^src\/(?:http|cli|observe)\//, 5],
  [/^src\/(?:compose\/|(?:main|version)\.ts$)/, 6],
]

/** Staircases that are closed although they lead down. */
const CLOSED: readonly (readonly [from: RegExp, to: RegExp, why: string])[] = [
  [/^src\/(?:http|cli)\//, /^src\/(?:upstream|store|carry|verify|parse)\//, 'routes and commands ask the gate'],
  [/^src\/gate\//, /^src\/(?:upstream|store|carry|verify|parse)\//, 'the gate knows ports, never an adapter'],
  [/^src\/upstream\//, /^src\/(?:store|carry|verify)\//, 'an upstream only fetches'],
  [/^src\/store\//, /^src\/(?:upstream|carry|parse)\//, 'a store only keeps'],
  [/^src\/carry\//, /^src\/(?:upstream|store|verify|parse)\//, 'what is carried is packed and unpacked, and no more'],
  [
    /^src\/(?:gate|http|upstream|store|carry|verify|parse)\//,
    /^src\/config\//,
    'nothing below the composition root gets the configuration',
  ],
  [/^src\/verify\//, /^src\/parse\//, 'what is verified is read where it is verified'],
  [/^src\/parse\//, /^src\/verify\//, 'what is read proves nothing'],
  [/^src\/http\//, /^src\/cli\//, 'the server does not know the commands'],
]

/** Packages and the only places that may import them. */
const RESERVED: readonly (readonly [specifier: RegExp, only: RegExp])[] = [
  [/^(?:node:(?:https?|http2|net|tls|dgram|dns)(?:\/.*)?|undici)$/, /^src\/(?:upstream\/|verify\/trust\/)/],
  [/^(?:@sigstore\/|tuf-js$|@tufjs\/)/, /^src\/verify\//],
  [/^(?:better-sqlite3|kysely|node:sqlite)$/, /^src\/store\//],
  [/^(?:@aws-sdk|@smithy)\//, /^src\/store\/s3\/s3-bucket\.ts$/],
  [/^pg(?:-[a-z-]+)?$/, /^src\/store\//],
  [/^pino(?:\/|$)/, /^src\/observe\/log\.ts$/],
  [/^prom-client$/, /^src\/observe\/metrics\.ts$/],
  [/^tar-stream$/, /^src\/(?:carry\/|protocol\/metadata\/sdist-project\.ts$)/],
  [/^commander$/, /^src\/(?:cli\/|main\.ts$)/],
  [/^(?:fastify$|@fastify\/)/, /^src\/http\//],
  [/^htmlparser2$/, /^src\/protocol\/simple\/html-tags\.ts$/],
  [/^yaml$/, /^src\/(?:protocol|config)\//],
  [/^node:worker_threads$/, /^src\/(?:verify|parse|store\/ledger|compose\/console)\//],
  [/^node:vm$/, /^src\/flow\/give-back\.ts$/],
  [/^node:(?:child_process|cluster|module|inspector)$/, /^$/],
]

/** Packages whose very types are known in these places alone. */
const SHUT_IN: typeof RESERVED = [
  [/^fastify$/, /^src\/http\/(?:door\/|packages\/root-list-proxy\.ts$)/],
  [/^@fastify\/http-proxy$/, /^src\/http\/packages\/root-list-proxy\.ts$/],
]

/** Calls and the only places that may make them. */
const CALLS: readonly (readonly [call: RegExp, only: RegExp, what: string])[] = [
  [/\bprocess\s*\.\s*(?:exit|abort|reallyExit|kill)\s*\(/, /^src\/main\.ts$/, 'ends the process'],
  [/\bVerifiedFile\s*\.\s*mint\b/, /^src\/gate\/files\/vault\.ts$/, 'mints a VerifiedFile'],
  [/\bAdmitted\s*\.\s*mint\b/, /^src\/domain\/decide\/decide\.ts$/, 'mints an Admitted'],
  [
    /\bVerifiedAttestation\s*\.\s*mint\b/,
    // a policy's own tests imagine attestations; a rehearsal answers with a code, never with a verdict
    /^src\/(?:verify\/evidence\/(?:attestation|finding-codec)|domain\/decide\/rehearse)\.ts$/,
    'mints a VerifiedAttestation',
  ],
  [/\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/, /^$/, 'has a default export'],
  [
    /\bglobalThis\s*\.\s*(?:fetch|WebSocket|EventSource)\b/,
    /^src\/verify\/trust\//,
    'reaches for the network past the upstream agent',
  ],
  // pages and files are answered past the framework, so a hook of it would leave exactly them open
  [
    /\baddHook\b|\b(?:onRequest|preParsing|preValidation|preHandler|beforeHandler|preSerialization|onSend|onTimeout|onRequestAbort)\b/,
    /^src\/(?!http\/)/,
    'hooks into the framework; what every request has to pass is the guard at the door',
  ],
  [
    /\bon(?:Response|Error)\b/, // what the proxy calls so is no hook
    /^src\/(?:(?!http\/)|http\/packages\/root-list-proxy\.ts$)/,
    'hooks into the framework; what every request has to pass is the guard at the door',
  ],
  [/\.route\s*\(/, /^src\/(?:(?!http\/)|http\/door\/router\.ts$)/, 'has a route that is not in the table of routes'],
  [/\bcreateRequire\b|\beval\s*\(|\bnew\s+Function\s*\(/, /^$/, 'loads code that no import names'],
]

const NAMELESS = /(?:^|[-./])(?:utils?|helpers?|common|managers?|misc)(?=[-./])/
/** What of a network module touches no network. */
const HARMLESS = new Set(['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress'])
/** What of `node:http` and `node:https` only answers. */
const INBOUND = new Set(['createServer', 'IncomingMessage', 'Server', 'ServerResponse', 'STATUS_CODES'])
/** What reads the platform or the disk has no place where text becomes values. */
const PURE = /^src\/(?:domain|protocol)\//
const IMPURE = /^node:(?:fs|os|process|timers|readline|repl|tty)(?:\/.*)?$/

interface Import {
  readonly specifier: string
  readonly typesOnly: boolean
  readonly names: readonly string[]
}

const STATIC = /(?:^|[;\n])\s*(?:import|export)\s+(type\s+)?([^'"`;()]*?)\bfrom\s*(['"])([^'"]+)\3/g
const BARE = /(?:^|[;\n])\s*import\s*(['"])([^'"]+)\1/g
const DYNAMIC = /\bimport\s*\(\s*(?:(['"])([^'"]+)\1)?/g

export function importsOf(source: string): readonly Import[] {
  const code = withoutComments(source)
  const named = [...code.matchAll(STATIC)].map(([, type, clause = '', , specifier = '']) => {
    const names = (/\{([^}]*)\}/.exec(clause)?.[1] ?? '').split(',').map(name => name.trim())
    const rest = clause
      .replace(/\{[^}]*\}/, '')
      .replaceAll(',', '')
      .trim()
    const values = [...names.filter(name => name !== '' && !/^type\s/.test(name)), ...(rest === '' ? [] : [rest])]
    const typesOnly = type !== undefined || (values.length === 0 && clause.includes('{'))
    return { specifier, typesOnly, names: values.map(name => name.split(/\s+as\s+/)[0] ?? name) }
  })
  const bare = [...code.matchAll(BARE)].map(match => match[2] ?? '')
  const dynamic = [...code.matchAll(DYNAMIC)].map(match => match[2] ?? '(computed)')
  return [...named, ...[...bare, ...dynamic].map(specifier => ({ specifier, typesOnly: false, names: ['*'] }))]
}

/** Every breach in these sources (path to text), each as one sentence that names the arrow. */
export function breachesIn(sources: ReadonlyMap<string, string>): readonly string[] {
  return [...sources].flatMap(([path, source]) => [
    ...(NAMELESS.test(path) ? [`${path}: a file is named after what it exports`] : []),
    ...(floorOf(path) === undefined ? [`${path} stands on no floor`] : []),
    ...importsOf(source).flatMap(found => breachOf(path, found) ?? []),
    ...CALLS.filter(([call, only]) => !only.test(path) && call.test(withoutComments(source))).map(
      ([, , what]) => `${path} ${what}`,
    ),
  ])
}

function breachOf(path: string, { specifier, typesOnly, names }: Import): string | undefined {
  if (specifier === '(computed)') return `${path} → something computed: an import names what it wants`
  if (!specifier.startsWith('.')) return breachOfPackage(path, specifier, { typesOnly, names })
  const target = new URL(specifier, `file:///${path}`).pathname.slice(1)
  const [from, to] = [floorOf(path), floorOf(target)]
  if (to === undefined)
    return target.startsWith('src/') ? `${path} → ${target}: no floor` : `${path} → ${target}: leaves src`
  if (from !== undefined && to > from) return `${path} → ${target}: climbs from floor ${from} to ${to}`
  const closed = CLOSED.find(([here, there]) => here.test(path) && there.test(target))
  return closed === undefined ? undefined : `${path} → ${target}: ${closed[2]}`
}

function breachOfPackage(path: string, specifier: string, found: Omit<Import, 'specifier'>): string | undefined {
  if (PURE.test(path) && IMPURE.test(specifier)) return `${path} → ${specifier}: text to value needs no platform`
  const shutIn = SHUT_IN.find(([packages, only]) => packages.test(specifier) && !only.test(path))
  if (shutIn !== undefined) return `${path} → ${specifier}: only ${shutIn[1].source} may`
  // types vanish when the source runs
  if (found.typesOnly || floorOf(path) === 6) return undefined
  // a server listens; it never asks
  const isOfServers = specifier === 'node:http' || specifier === 'node:https'
  if (isOfServers && path.startsWith('src/http/') && found.names.every(name => INBOUND.has(name))) return undefined
  if (found.names.length > 0 && found.names.every(name => HARMLESS.has(name))) return undefined
  const reserved = RESERVED.find(([packages, only]) => packages.test(specifier) && !only.test(path))
  return reserved === undefined ? undefined : `${path} → ${specifier}: only ${reserved[1].source} may`
}

function floorOf(path: string): number | undefined {
  return FLOORS.find(([folder]) => folder.test(path))?.[1]
}

/** Enough for this: block comments, and the rest of a line after `//` that is not part of a URL. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1')
}
