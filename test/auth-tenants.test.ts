import { mkdtemp, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { expect, onTestFinished, test } from 'vitest'
import { createAuthenticator } from '@tidings/server/api/auth/caller.ts'
import { openTenants } from '@tidings/server/api/auth/tenants/open-tenants.ts'
import { createFileSource } from '@tidings/server/api/auth/tenants/tenants-file-source.ts'
import { createTenants, type TenantsDeps } from '@tidings/server/api/auth/tenants/current-tenants.ts'
import { createServiceSource } from '@tidings/server/api/auth/tenants/tenants-service-source.ts'
import { AppError } from '@tidings/server/api/errors.ts'
import { createRecordingLog } from './support/recording-log.ts'
import { changeEntry, createTenantLists, type TenantLists } from './support/tenants-lists.ts'
import { startTenantsServer } from './support/tenants-server.ts'
import { createSigner, mint, userClaims, type Signer } from './support/tokens.ts'

const [admin, dev, other] = [createSigner(), createSigner(), createSigner()]
const FLOOR_MS = 600_000
const never = new AbortController().signal
const LeftOut = Type.Object({ level: Type.Number(), reason: Type.String(), msg: Type.Literal('tenants: left out') })

/** Everything between a source and a caller. Nothing runs in the background before `tenants.start()`. */
function startWith(parts: Pick<TenantsDeps, 'source'> & Partial<TenantsDeps>) {
  const { log, ...record } = createRecordingLog()
  let nowMs = 0
  const tenants = createTenants({
    log,
    pollMs: 1,
    retryMs: 1,
    refreshFloorMs: FLOOR_MS,
    monotonicMs: () => nowMs,
    ...parts,
  })
  onTestFinished(() => tenants.stop())
  const { authenticate } = createAuthenticator({ tenants, siteId: 'dev', log })
  const verdictOn = (signer: Signer, tenant = 'dev') => {
    const token = mint(signer, userClaims({ 'tapis/tenant_id': tenant }))
    return authenticate({ 'x-tapis-token': token }, 'GET').then(
      () => 'accepted',
      (error: unknown) => {
        if (error instanceof AppError) return `${error.httpStatus} ${error.code}`
        throw error
      },
    )
  }
  return {
    tenants,
    verdictOn,
    record,
    advance: (ms: number) => {
      nowMs += ms
    },
  }
}

async function withService(parts: Partial<TenantsDeps> = {}) {
  const lists: TenantLists = createTenantLists({ admin, dev, other })
  const service = await startTenantsServer(lists)
  onTestFinished(() => service.close())
  const source = createServiceSource(service.baseUrl)
  return { service, lists, source, ...startWith({ source, initial: await source.load(never), ...parts }) }
}

async function withFile(parts: Partial<TenantsDeps> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'tidings-tenants-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const path = join(directory, 'tenants.json')
  const lists = createTenantLists({ admin, dev, other })
  const write = (to = path, content: unknown = lists) =>
    writeFile(to, typeof content === 'string' ? content : JSON.stringify(content))
  await write()
  const source = createFileSource(path)
  return {
    path,
    lists,
    write,
    ...startWith({ source, initial: await source.load(never), refreshFloorMs: 0, ...parts }),
  }
}

const newTenant = (id: string) => ({ tenant_id: id, site_id: 'dev', public_key: other.publicKey })

test('requests get 503 until the Tenants service has responded', async () => {
  const { service, source } = await withService()
  service.answer = (response) => {
    response.writeHead(500).end()
  }
  const { tenants, verdictOn, record } = startWith({ source })
  const failed = record.next('tenants: load failed, the last good lists stay in force')
  tenants.start()
  await failed
  expect(await verdictOn(dev)).toBe('503 NTFAPI_UNAVAILABLE')
  const loaded = record.next('tenants in force')
  service.answer = undefined
  await loaded
  expect(await verdictOn(dev)).toBe('accepted')
})

test('a new tenant is accepted at once, but the service is asked again only after 600 s', async () => {
  const { service, verdictOn, advance } = await withService()
  service.tenants.push(newTenant('new-1'))
  expect(await verdictOn(other, 'new-1')).toBe('accepted')
  const asked = service.requests.length
  service.tenants.push(newTenant('new-2'))
  advance(FLOOR_MS - 1)
  expect(await verdictOn(other, 'new-2')).toBe('401 TAPIS_SECURITY_JWT_KEY_ERROR')
  expect(service.requests).toHaveLength(asked)
  advance(1)
  expect(await verdictOn(other, 'new-2')).toBe('accepted')
})

test('a rotated key is fetched when a signature does not verify, and invalidates what the old key signed', async () => {
  const { lists, verdictOn } = await withService()
  expect(await verdictOn(dev)).toBe('accepted')
  const rotated = createSigner()
  changeEntry(lists.tenants, 'dev', { public_key: rotated.publicKey })
  expect(await verdictOn(dev)).toBe('accepted') // nothing has made us reload yet
  expect(await verdictOn(rotated)).toBe('accepted')
  expect(await verdictOn(dev)).toBe('401 TAPIS_SECURITY_JWT_PARSE_ERROR')
})

test('many requests share one refresh', async () => {
  const { service, verdictOn } = await withService({ refreshFloorMs: 0 })
  service.requests.length = 0
  service.tenants.push(newTenant('new'))
  const verdicts = await Promise.all(Array.from({ length: 20 }, () => verdictOn(other, 'new')))
  expect(new Set(verdicts)).toEqual(new Set(['accepted']))
  expect(service.requests.sort()).toEqual(['/v3/sites', '/v3/tenants'])
})

test('a request waits for a slow refresh for a limited time, and is then judged by the current lists', async () => {
  const { service, verdictOn, tenants } = await withService({ refreshWaitMs: 20 })
  service.answer = () => undefined // never
  expect(await verdictOn(other, 'unknown')).toBe('401 TAPIS_SECURITY_JWT_KEY_ERROR')
  expect(await verdictOn(dev)).toBe('accepted')
  await tenants.stop() // gives the load up, does not wait for its time limit
})

test('a failing refresh keeps the old data, and may be repeated after 10 s', async () => {
  const { service, verdictOn, advance } = await withService()
  service.tenants.push(newTenant('new'))
  service.answer = (response) => {
    response.writeHead(502).end('<html>')
  }
  expect(await verdictOn(other, 'new')).toBe('401 TAPIS_SECURITY_JWT_KEY_ERROR')
  expect(await verdictOn(dev)).toBe('accepted')
  service.answer = undefined
  advance(10_000)
  expect(await verdictOn(other, 'new')).toBe('accepted')
})

test('a refresh that brings nothing new invalidates nothing', async () => {
  const { tenants, verdictOn } = await withService()
  await verdictOn(other, 'unknown')
  expect(tenants.generation).toBe(1)
})

test('malformed entries of the service are left out with a warning', async () => {
  const { service, source } = await withService()
  service.tenants.push({ tenant_id: 7 }, 'garbage')
  const { tenants, warnings } = await source.load(never)
  expect(tenants.get('dev')?.key).toBeDefined()
  expect(warnings.join('\n')).toMatch(/tenants\/8\/tenant_id[\s\S]*tenants\/9[\s\S]*keyless/)
})

test('all entries are malformed: the current lists stay', async () => {
  const { service, source, tenants, verdictOn } = await withService()
  service.tenants.splice(0, Infinity, { tenant_id: 7 }, 'garbage')
  await expect(source.load(never)).rejects.toThrow(/tenants: there is no usable entry/)
  await tenants.refresh()
  expect(tenants.generation).toBe(1)
  expect(await verdictOn(dev)).toBe('accepted')
})

test('when all entries are malformed, the log says why, each reason once and at most 20 of them', async () => {
  const { service, tenants, record, advance } = await withService()
  const reasons = () =>
    record.lines
      .map((line): unknown => JSON.parse(line))
      .flatMap((line) => (Value.Check(LeftOut, line) ? [`${line.level} ${line.reason}`] : []))
  const before = reasons().length
  service.tenants.splice(0, Infinity, { tenant_id: 7 }, 'garbage')
  for (let load = 0; load < 2; load += 1) {
    await tenants.refresh()
    advance(10_000)
  }
  expect(reasons().slice(before)).toEqual(['40 tenants/0/tenant_id: must be string', '40 tenants/1: must be object'])
  service.tenants.push(...Array.from({ length: 100 }, () => 'garbage'))
  await tenants.refresh()
  expect(reasons().slice(before)).toHaveLength(20)
})

test('redirects, huge responses, no list, no primary site and silence are failed loads', async () => {
  const { service, source } = await withService()
  service.answer = (response) => {
    response.writeHead(302, { location: `${service.baseUrl}/v3/tenants` }).end()
  }
  await expect(source.load(never)).rejects.toThrow(/responded with 302/)
  service.answer = (response) => {
    response.end('{"result":{}}')
  }
  await expect(source.load(never)).rejects.toThrow(/without a list/)
  service.answer = (response) => {
    response.end('{"result":[]}')
  }
  await expect(source.load(never)).rejects.toThrow(/exactly one/)
  service.answer = () => undefined
  await expect(createServiceSource(service.baseUrl, { timeoutMs: 20 }).load(never)).rejects.toThrow(
    /no response within 20 ms/,
  )
  service.answer = undefined
  await expect(createServiceSource(service.baseUrl, { maxBodyBytes: 1000 }).load(never)).rejects.toThrow(/max/i)
  await expect(createServiceSource(`${service.baseUrl}/`).load(never)).resolves.toBeDefined()
})

test('a tenants file that is replaced by a rename is read for the request that needs it', async () => {
  const { path, lists, write, verdictOn } = await withFile()
  lists.tenants.push(newTenant('new'))
  await write(`${path}.tmp`)
  await rename(`${path}.tmp`, path)
  expect(await verdictOn(other, 'new')).toBe('accepted')
})

test('a tenants file that is rewritten in place with equal size and date is noticed', async () => {
  const { path, lists, write, verdictOn } = await withFile()
  const before = await stat(path)
  changeEntry(lists.tenants, 'dev', { public_key: admin.publicKey })
  await write()
  await utimes(path, before.atime, before.mtime)
  expect((await stat(path)).size).toBe(before.size)
  expect(await verdictOn(admin)).toBe('accepted')
  expect(await verdictOn(dev)).toBe('401 TAPIS_SECURITY_JWT_PARSE_ERROR')
})

test('a tenant that is removed from the file loses access without any request for it', async () => {
  const { lists, write, verdictOn, tenants, record } = await withFile()
  expect(await verdictOn(dev)).toBe('accepted')
  const changed = record.next('tenants in force')
  tenants.start()
  await write(undefined, { ...lists, tenants: lists.tenants.filter((tenant) => tenant['tenant_id'] !== 'dev') })
  await changed
  expect(await verdictOn(dev)).toBe('401 TAPIS_SECURITY_JWT_KEY_ERROR')
})

test('a broken new version of the file keeps the old one, and is logged once', async () => {
  const { lists, write, verdictOn, record } = await withFile()
  await write(undefined, '{"tenants": [')
  for (let n = 0; n < 3; n += 1) expect(await verdictOn(other, 'new')).toBe('401 TAPIS_SECURITY_JWT_KEY_ERROR')
  expect(await verdictOn(dev)).toBe('accepted')
  lists.tenants.push(newTenant('new'))
  await write()
  expect(await verdictOn(other, 'new')).toBe('accepted')
  expect(record.messages.filter((message) => message.startsWith('tenants: load failed'))).toHaveLength(1)
  expect(record.messages).toContain('tenants: recovered')
})

test('a wrong file stops the start and every violation is named', async () => {
  const { path, write } = await withFile()
  const { log } = createRecordingLog()
  const open = () => openTenants({ dataDir: '', siteId: 'dev', tenants: { kind: 'file', path } }, log)
  await expect(open()).resolves.toMatchObject({ generation: 1 })
  await write(path, { tenants: [{ tenant_id: 1 }, { tenant_id: 'a', site_id: [] }], sites: [] })
  await expect(open()).rejects.toThrow(/tenants\/0\/tenant_id[\s\S]*tenants\/1\/site_id[\s\S]*exactly one/)
  await write(path, { tenants: {} })
  await expect(open()).rejects.toThrow(/sites[\s\S]*\/tenants/)
  await write(path, 'x')
  await expect(open()).rejects.toThrow(/TENANTS_FILE .* is not JSON/)
  await rm(path)
  await expect(open()).rejects.toThrow(/TENANTS_FILE .* cannot be read/)
  await write()
})
