import { VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { listen } from '../listen.js';
import { AppModule } from '../plain/app.module.js';

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
// The same, but the logout stays exactly where its contract has it.
app.setGlobalPrefix('shop', { exclude: ['api/v1/auth/logout'] });
app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
await listen(app);
