import { defineSettings, setting } from 'polity'

export const acmeSettings = defineSettings({ ACME_API_URL: setting.baseUrl.default('https://api.acme.example') })
