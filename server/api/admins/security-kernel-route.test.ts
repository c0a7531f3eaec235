import { expect, test } from 'vitest'
import type { Site, Tenant, TenantsData } from '../auth/tenants/tenants.ts'
import { routeToSecurityKernel } from './security-kernel-route.ts'

const TEMPLATE = 'https://${tenant_id}.example.org/of/${tenant_id}/'

const tenant = (id: string, siteId: string): Tenant => ({
  id,
  siteId,
  key: undefined,
  baseUrl: `https://${id}.example.com/`,
  tokenService: `https://${id}.example.com/v3/tokens`,
})
const site = (id: string, services: string[]): Site => ({
  id,
  isPrimary: id === 'main',
  adminTenantId: `${id}-admin`,
  services: new Set(services),
  tenantBaseUrlTemplate: TEMPLATE,
})
const mapOf = <T extends { readonly id: string }>(...entries: T[]) => new Map(entries.map((entry) => [entry.id, entry]))

const pictureOf = ({
  kernels = ['main', 'branch'],
  adminTenant = {},
  main = {},
}: { kernels?: string[]; adminTenant?: Partial<Tenant>; main?: Partial<Site> } = {}): TenantsData => ({
  tenants: mapOf(
    tenant('main-admin', 'main'),
    { ...tenant('branch-admin', 'branch'), ...adminTenant },
    tenant('dev', 'main'),
  ),
  sites: mapOf(
    { ...site('main', kernels.includes('main') ? ['security'] : []), ...main },
    site('branch', kernels.includes('branch') ? ['notifications', 'security'] : ['notifications']),
  ),
  fingerprint: '',
  warnings: [],
})

test('a site with a Security Kernel of its own asks that one, at its admin tenant', () => {
  expect(routeToSecurityKernel(pictureOf(), 'branch')).toEqual({
    tokensUrl: 'https://branch-admin.example.com/v3/tokens',
    isAdminUrl: 'https://branch-admin.example.com/v3/security/user/isAdmin?pretty=false',
    adminTenant: 'branch-admin',
    targetSite: 'branch',
  })
})

test('without one the primary site decides, at its address for the admin tenant, with a token of this site', () => {
  expect(routeToSecurityKernel(pictureOf({ kernels: ['main'] }), 'branch')).toEqual({
    tokensUrl: 'https://branch-admin.example.com/v3/tokens',
    isAdminUrl: 'https://branch-admin.example.org/of/branch-admin/v3/security/user/isAdmin?pretty=false',
    adminTenant: 'branch-admin',
    targetSite: 'main',
  })
})

test.each([
  'https://t.example.com',
  'https://t.example.com/',
  'https://t.example.com/v3/tokens',
  'https://t.example.com/v3/tokens/',
])('the token service %s is a base, or its end', (tokenService) => {
  expect(routeToSecurityKernel(pictureOf({ adminTenant: { tokenService } }), 'branch').tokensUrl).toBe(
    'https://t.example.com/v3/tokens',
  )
})

test.each([
  ['own site', 'elsewhere', {}, 'site elsewhere has no site_admin_tenant_id'],
  ['token service', 'branch', { adminTenant: { tokenService: undefined } }, 'tenant branch-admin has no token_service'],
  ['base address', 'branch', { adminTenant: { baseUrl: undefined } }, 'tenant branch-admin has no base_url'],
  [
    'template',
    'branch',
    { kernels: ['main'], main: { tenantBaseUrlTemplate: undefined } },
    'site main has no tenant_base_url_template',
  ],
  ['primary site', 'branch', { kernels: [], main: { isPrimary: false } }, 'no site is primary'],
])('without %s there is no route, and the error says why', (_, siteId, picture, violation) => {
  expect(() => routeToSecurityKernel(pictureOf(picture), siteId)).toThrow(violation)
})

test('for an admin tenant of no known site the primary site is asked', () => {
  expect(routeToSecurityKernel(pictureOf({ adminTenant: { siteId: undefined } }), 'branch').targetSite).toBe('main')
})
