import { parseSha256, type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Artifact } from '../../domain/packaging/artifact.ts'
import { keptWithin } from '../../flow/kept-within.ts'
import type { Vouched } from '../../gate/judge/vouch.ts'
import { type SummaryFacts, signSummary } from '../../protocol/attest/summary.ts'
import type { Router } from '../door/router.ts'
import { NOSNIFF, sendAnswer } from '../exchange/answer.ts'
import { noneMatch } from '../exchange/conditional.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { assertMayEnter } from '../exchange/permissions.ts'
import type { Serving, Servings, SummarySigner } from '../exchange/settings.ts'

/** An envelope of DSSE in JSON, as its specification registers it. */
const TYPE = 'application/vnd.dsse.envelope.v1+json'

/** ms that a signed summary is given to whoever asks, as long as the verdict, decided each time, is the same: so often one file costs a signature */
const LASTS = 60_000
const BYTES = 4 * 1024 * 1024

/**
 * `/vsa/<sha256>` on the gate, of the index that `?index=` names, or the one at `/`, or the first, and below the path of each index: a signed verification summary
 * (SLSA) of the file, if it is admitted now. `?filename=` tells which file where several have the same bytes.
 */
export function addSummaries(router: Router, servings: Servings): void {
  const [first] = servings
  const { summaries: signer } = first.settings
  if (signer === undefined) return
  const kept = keptWithin<string, Buffer>({ bytes: BYTES, weigh: ({ length }) => length, ttl: LASTS })
  router.add('/vsa/:sha256', 'vsa', async (exchange, { sha256 = '' }, query) => {
    const named = textOf(query, 'index')
    const serving =
      named === undefined
        ? (servings.find(({ path }) => path === '') ?? first)
        : servings.find(({ index }) => index === named)
    if (serving === undefined) throw new GateError('no-summary', 'there is no such index')
    await answer(serving, exchange, { sha256, query })
  })
  for (const serving of servings)
    if (serving.path !== '')
      router.add(`${serving.path}/vsa/:sha256`, 'vsa', (exchange, { sha256 = '' }, query) =>
        answer(serving, exchange, { sha256, query }),
      )

  async function answer(
    serving: Serving,
    exchange: Exchange,
    asked: { readonly sha256: string; readonly query: unknown },
  ): Promise<void> {
    exchange.index = serving.index
    assertMayEnter(exchange.client, serving.index)
    const sha256 = parseSha256(asked.sha256)
    if (sha256 === undefined) throw new GateError('no-summary', 'a sha256 has 64 lower-case hexadecimal digits')
    const vouched = await serving.gate.vouch(sha256, textOf(asked.query, 'filename'), exchange.asker)
    if (vouched === undefined) throw new GateError('no-summary', 'no file with this sha256 is known to be admitted now')
    const body = signedOnce(serving, vouched)
    const etag = `"${sha256Of(body)}"`
    const headers = ['ETag', etag, 'Cache-Control', 'no-cache', 'Access-Control-Allow-Origin', '*']
    if (!noneMatch(exchange.header('if-none-match'), etag)) return sendAnswer(exchange, { status: 304, headers })
    sendAnswer(exchange, { status: 200, headers: ['Content-Type', TYPE, ...headers, ...NOSNIFF], body })
  }

  function signedOnce(serving: Serving, vouched: Vouched): Buffer {
    const { timeVerified, ...facts } = factsOf(serving, vouched, signer as SummarySigner)
    const key = JSON.stringify([serving.index, vouched.trustDigest, facts])
    const known = kept.get(key)
    if (known !== undefined) return known
    const body = signSummary({ ...facts, timeVerified }, (signer as SummarySigner).key)
    kept.set(key, body)
    return body
  }
}

function factsOf(serving: Serving, { verdict, proof, at }: Vouched, { verifierId }: SummarySigner): SummaryFacts {
  const { artifact, facts } = verdict
  const { filename, sha256 } = artifact
  return {
    filename: filename.text,
    sha256,
    resourceUri: purlOf(artifact),
    verifier: { id: verifierId, version: serving.settings.version },
    timeVerified: at,
    policy: { uri: `urn:portcullis:policy:${encodeURIComponent(serving.index)}`, sha256: facts.policyDigest },
    inputs: proof === undefined ? [] : [provenanceOf(serving, artifact, proof.provenanceSha256)],
    levels: levelsOf(verdict.facts.by, proof),
  }
}

/** The file, wherever it was got from (package-url/purl-spec, type pypi): a URL would be another one at each gate. */
function purlOf({ project, filename }: Artifact): string {
  const { version, text } = filename
  return `pkg:pypi/${project}@${encodeURIComponent(version)}?file_name=${encodeURIComponent(text)}`
}

/** Where the document that was verified is read, byte for byte. */
function provenanceOf(
  { base, path }: Serving,
  { project, filename: { version, text } }: Artifact,
  sha256: Sha256,
): SummaryFacts['inputs'][number] {
  const [release, file] = [version, text].map(encodeURIComponent)
  return { uri: `${base()}${path}/integrity/${project}/${release}/${file}/provenance`, sha256 }
}

/**
 * What can be said honestly. That a publisher signed is no level of a build: of SLSA's levels the first alone is said, where provenance in its
 * words was verified and says nothing else than the certificate; the gate knows nothing of how build platforms are kept.
 */
function levelsOf(by: Vouched['verdict']['facts']['by'], proof: Vouched['proof']): readonly string[] {
  const isBuilt = proof?.bundles.some(({ attestations }) =>
    attestations.some(
      ({ facts: { predicateType, contradiction, uncompared } }) =>
        predicateType === 'slsa-provenance/v1' && contradiction === undefined && uncompared === undefined,
    ),
  )
  return [
    isBuilt === true ? 'SLSA_BUILD_LEVEL_1' : 'SLSA_BUILD_LEVEL_UNEVALUATED',
    `PORTCULLIS_ADMITTED_BY_${by.toUpperCase()}`,
  ]
}

/** Of a query; what is there more than once, or is none, is told. */
function textOf(query: unknown, name: string): string | undefined {
  const value =
    typeof query === 'object' && query !== null ? Object.entries(query).find(([key]) => key === name)?.[1] : undefined
  if (value === undefined || typeof value === 'string') return value
  throw new GateError('bad-request', `${name} is said more than once`)
}
