import { expect, test } from 'vitest'
import { mayActFor, type Site, type Tenant, type TenantsData } from './tenants.ts'

const tenant = (id: string, siteId: string): Tenant => ({ id, siteId, key: undefined })
const site = (id: string, isPrimary: boolean): Site => ({
  id,
  isPrimary,
  adminTenantId: `${id}-admin`,
  services: new Set(),
})
const mapOf = <T extends { id: string }>(...entries: T[]) => new Map(entries.map((entry) => [entry.id, entry]))

const DATA: TenantsData = {
  tenants: mapOf(
    tenant('main-admin', 'main'),
    tenant('dev', 'main'),
    tenant('branch-admin', 'branch'),
    tenant('lab', 'branch'),
    tenant('lost', 'nowhere'),
  ),
  sites: mapOf(site('main', true), site('branch', false)),
  fingerprint: '',
  warnings: [],
}
const actsFor = (jwtTenant: string) =>
  ['main-admin', 'dev', 'branch-admin', 'lab', 'lost', 'unknown'].filter((other) => mayActFor(DATA, jwtTenant, other))

test('the admin tenant of the primary site may act for every known tenant', () => {
  expect(actsFor('main-admin')).toEqual(['main-admin', 'dev', 'branch-admin', 'lab', 'lost'])
})

test('the admin tenant of an associate site may act for the tenants of its site', () => {
  expect(actsFor('branch-admin')).toEqual(['branch-admin', 'lab'])
})

test('any other tenant may act for itself only', () => {
  expect(actsFor('dev')).toEqual(['dev'])
  expect(actsFor('lab')).toEqual(['lab'])
})
