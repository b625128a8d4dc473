import { requirePackages } from '../options/required-packages';

requirePackages('nestjs-logout', {
  '@nestjs/common': () => require('@nestjs/common'),
  '@nestjs/core': () => require('@nestjs/core'),
  '@nestjs/passport': () => require('@nestjs/passport'),
  'class-validator': () => require('class-validator'),
  passport: () => require('passport'),
  'passport-jwt': () => require('passport-jwt'),
  'reflect-metadata': () => require('reflect-metadata'),
  rxjs: () => require('rxjs'),
});
