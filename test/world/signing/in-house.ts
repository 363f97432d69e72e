import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Published, World } from '../world.ts'
import type { SigningIdentity } from './identity.ts'
import { createSigningWorld } from './signing.ts'

/** An authority beside Sigstore: its own certificates, logs and root. */
export interface InHouse {
  /** of its trusted_root.json, beside the world's policy */
  readonly root: string
  /** signs a published file anew, and lets the index offer that alone */
  sign(file: Published, identity: SigningIdentity): Promise<void>
}

export const IN_HOUSE_ISSUER = 'https://oidc.acme.example'
export const IN_HOUSE_NAME = 'release@ci.acme.example'

/** Somebody whom the authority vouches for, as its certificates spell it; the index calls the kind its own name. */
export const IN_HOUSE_IDENTITY: SigningIdentity = {
  kind: 'google',
  email: IN_HOUSE_NAME,
  claims: { 1: IN_HOUSE_ISSUER, 8: IN_HOUSE_ISSUER },
  publisher: { kind: 'Acme' },
}

/** `name.json` in the world's folder is its root. */
export async function createInHouse(world: World, name = 'in-house'): Promise<InHouse> {
  const signing = await createSigningWorld()
  const root = join(world.folder, `${name}.json`)
  writeFileSync(root, signing.trustedRootJson)
  return {
    root,
    async sign({ project, filename, sha256 }, identity) {
      const attestation = await signing.attest({ filename, sha256, identity })
      const bundle = { publisher: signing.publisher(identity), attestations: [attestation] }
      world.upstream.replace(project, filename, { provenance: signing.provenance([bundle]) })
    },
  }
}
